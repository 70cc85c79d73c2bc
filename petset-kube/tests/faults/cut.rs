//! A watch that is cut in the middle of a line.

use futures::StreamExt;
use futures::stream::{self, BoxStream, Stream};
use hyper::body::Frame;

use crate::proxy::broken;
use crate::way::Part;

/// How a watch ends before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cut {
    /// The connection breaks.
    Breaks,
    /// The answer ends, as if that were all.
    Ends,
}

/// How far a watch has come.
enum Flow {
    Before { said: BoxStream<'static, Part>, lines: u64 },
    After,
}

/// What a watch says: so many lines, and half of the next one. Then it is cut, and `tell` hears of it.
pub(crate) fn cut(
    said: BoxStream<'static, Part>,
    lines: u64,
    how: Cut,
    tell: impl Fn() + Clone + Send + 'static,
) -> impl Stream<Item = Part> + Send {
    let flow = Flow::Before { said, lines };
    let cut = move |flow| {
        let tell = tell.clone();
        async move {
            let Flow::Before { mut said, mut lines } = flow else {
                // What was said is sent meanwhile.
                tokio::task::yield_now().await;
                tell();
                return (how == Cut::Breaks).then(|| (Err(broken()), Flow::After));
            };
            let part = said.next().await?;
            let data = part.as_ref().ok().and_then(|frame| frame.data_ref());
            let last = data.and_then(|data| end(data, &mut lines).map(|end| data.slice(..end)));
            Some(match last {
                Some(last) => (Ok(Frame::data(last)), Flow::After),
                None => (part, Flow::Before { said, lines }),
            })
        }
    };
    stream::unfold(flow, cut)
}

/// Where in this part the cut is, if it is there; `lines` whole ones are to come before.
fn end(part: &[u8], lines: &mut u64) -> Option<usize> {
    let mut begin = 0;
    while *lines > 0 {
        begin += part[begin..].iter().position(|byte| *byte == b'\n')? + 1;
        *lines -= 1;
    }
    let line = part[begin..].split(|byte| *byte == b'\n').next().map_or(0, <[u8]>::len);
    (line > 0).then(|| begin + line.div_ceil(2))
}
