//! What an Event says.

/// The server takes no longer message.
const LONGEST: usize = 1024;
/// So much of it is left for saying how much more there is.
const ROOM: usize = 32;

/// Sentences that go into one message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Note {
    text: String,
    last: String,
    more: u32,
}

impl Note {
    /// Adds a sentence, unless it is the last one again.
    pub(super) fn add(&mut self, sentence: &str) {
        if self.last == sentence {
            return;
        }
        let gap = if self.text.is_empty() { "" } else { "; " };
        if self.text.is_empty() || self.text.len() + gap.len() + sentence.len() <= LONGEST - ROOM {
            self.text.push_str(gap);
            self.text.push_str(sentence);
        } else {
            self.more += 1;
        }
        sentence.clone_into(&mut self.last);
    }

    /// The message.
    pub(super) fn finish(&self) -> String {
        let mut text = shortened(&self.text);
        if self.more > 0 {
            text = format!("{text}; and {} more", self.more);
        }
        text
    }
}

fn shortened(text: &str) -> String {
    let most = LONGEST - ROOM;
    if text.len() <= most {
        return text.to_owned();
    }
    let end = (0..=most - 3).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    format!("{}…", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_joined_and_repeated_ones_are_not() {
        let mut note = Note::default();
        for sentence in ["create pod 0", "create pod 0", "create pod 1"] {
            note.add(sentence);
        }
        assert_eq!(note.finish(), "create pod 0; create pod 1");
    }

    #[test]
    fn a_message_is_never_longer_than_the_server_takes() {
        let mut note = Note::default();
        (0..500).for_each(|ordinal| note.add(&format!("create pod {ordinal} on web-5f8b")));
        let text = note.finish();
        assert!(text.len() <= LONGEST && text.ends_with(" more"), "{text}");
        let mut long = Note::default();
        long.add(&"ä".repeat(2000));
        let text = long.finish();
        assert!(text.len() <= LONGEST && text.ends_with('…'), "{}", text.len());
    }
}
