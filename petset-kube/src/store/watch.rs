//! Hints of a store: of its sets, of revisions that they may take, and of what stands beside them.

use std::sync::Arc;

use futures::stream::{self, SelectAll, StreamExt};
use petset_core::backend::{WatchEvent, WatchStream};

use crate::cache::Cache;
use crate::resource::{SetKind, SetRecord};

/// Hints about sets, those of revisions as they are, and about every set of a namespace in which an object changed.
pub(super) fn watch<K: SetKind>(
    sets: &Arc<Cache<SetRecord<K>>>,
    revisions: WatchStream,
    objects: Vec<WatchStream>,
) -> WatchStream {
    let mut all: SelectAll<WatchStream> = SelectAll::new();
    all.push(sets.watch());
    all.push(revisions);
    for hints in objects {
        let sets = Arc::clone(sets);
        all.push(hints.flat_map(move |hint| stream::iter(concerned(&sets, hint))).boxed());
    }
    all.boxed()
}

fn concerned<K: SetKind>(sets: &Cache<SetRecord<K>>, hint: WatchEvent) -> Vec<WatchEvent> {
    match hint {
        WatchEvent::Gap => vec![WatchEvent::Gap],
        WatchEvent::Changed(object) => {
            let names = sets.names(&object.namespace);
            let key = |name: String| petset_core::SetKey::new(Arc::clone(&object.namespace), name);
            names.into_iter().map(|name| WatchEvent::Changed(key(name))).collect()
        }
    }
}
