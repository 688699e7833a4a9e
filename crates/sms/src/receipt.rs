//! What became of a message: its state, and the receipt that tells it.

/// `message_state` (SMPP 5.0, 4.7.15; 3.4 has 1 to 8).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
#[repr(u8)]
pub enum State {
    /// Waits for its time (5.0 only).
    Scheduled = 0,
    /// On its way.
    Enroute = 1,
    /// The handset has it.
    Delivered = 2,
    /// Its validity ended first.
    Expired = 3,
    /// Cancelled or replaced.
    Deleted = 4,
    /// The network gave up.
    Undeliverable = 5,
    /// Somebody took it; nothing is known of the handset.
    Accepted = 6,
    /// Nobody knows.
    Unknown = 7,
    /// Refused by the network.
    Rejected = 8,
    /// Not sent, on purpose (5.0 only).
    Skipped = 9,
}

impl State {
    /// Every state, in order of number.
    pub const ALL: [State; 10] = [
        State::Scheduled,
        State::Enroute,
        State::Delivered,
        State::Expired,
        State::Deleted,
        State::Undeliverable,
        State::Accepted,
        State::Unknown,
        State::Rejected,
        State::Skipped,
    ];

    /// The state with this number, if there is one.
    pub fn from_u8(number: u8) -> Option<State> {
        State::ALL.get(usize::from(number)).copied()
    }

    /// True if nothing more is to come. ENROUTE, ACCEPTED and UNKNOWN in a carrier's receipt never close a message.
    pub fn is_final(self) -> bool {
        match self {
            State::Scheduled | State::Enroute | State::Accepted | State::Unknown => false,
            State::Delivered
            | State::Expired
            | State::Deleted
            | State::Undeliverable
            | State::Rejected
            | State::Skipped => true,
        }
    }

    /// The seven letters after `stat:` in a receipt (SMPP 3.4, appendix B; the two states of 5.0 are shortened alike).
    pub fn word(self) -> &'static str {
        match self {
            State::Scheduled => "SCHEDLD",
            State::Enroute => "ENROUTE",
            State::Delivered => "DELIVRD",
            State::Expired => "EXPIRED",
            State::Deleted => "DELETED",
            State::Undeliverable => "UNDELIV",
            State::Accepted => "ACCEPTD",
            State::Unknown => "UNKNOWN",
            State::Rejected => "REJECTD",
            State::Skipped => "SKIPPED",
        }
    }

    /// The state that a carrier's word means, in any letter case, whole or shortened; `None` for a word that is nobody's.
    pub fn from_word(word: &[u8]) -> Option<State> {
        if let Ok(mut seven) = <[u8; 7]>::try_from(word) {
            seven.make_ascii_uppercase();
            let known = |state: &State| state.word().as_bytes() == seven;
            if let Some(state) = State::ALL.into_iter().find(known) {
                return Some(state);
            }
        }
        let is = |known: &str| word.eq_ignore_ascii_case(known.as_bytes());
        // What message centres write besides the table: the words in full, and Kannel's and others' synonyms.
        let synonyms: [(&[&str], State); 8] = [
            (&["SCHEDULED"], State::Scheduled),
            (
                &["ACKED", "BUFFRED", "BUFFERD", "BUFFERED", "EN_ROUTE"],
                State::Enroute,
            ),
            (&["DELIVERED"], State::Delivered),
            (&["EXPIRD"], State::Expired),
            (&["DELETD"], State::Deleted),
            (
                &[
                    "UNDELIVERABLE",
                    "UNDELIVERED",
                    "UNDELIVRD",
                    "UNDLVRD",
                    "FAILED",
                ],
                State::Undeliverable,
            ),
            (&["ACCEPTED"], State::Accepted),
            (&["REJECTED"], State::Rejected),
        ];
        synonyms
            .into_iter()
            .find(|(words, _)| words.iter().any(|known| is(known)))
            .map(|(_, state)| state)
    }
}

/// A receipt as its fields came, unchecked: ids, counts and dates are what the carrier wrote. A field that is not there is empty.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Receipt<'a> {
    /// The carrier's message id.
    pub id: &'a [u8],
    /// What `stat` means, or the `message_state` TLV; `None` if neither says anything known.
    pub state: Option<State>,
    /// The word after `stat:`.
    pub stat: &'a [u8],
    /// The carrier's or network's error: mostly three digits, sometimes letters.
    pub err: &'a [u8],
    /// When the message was submitted, in the carrier's time; see [`time::parse_date`](crate::time::parse_date).
    pub submit_date: &'a [u8],
    /// When it came to this state.
    pub done_date: &'a [u8],
    /// Number of messages submitted.
    pub sub: &'a [u8],
    /// Number of messages delivered.
    pub dlvrd: &'a [u8],
    /// First characters of the message.
    pub text: &'a [u8],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_their_numbers_and_words() {
        for (number, state) in (0u8..).zip(State::ALL) {
            assert_eq!(state as u8, number);
            assert_eq!(State::from_u8(number), Some(state));
            assert_eq!(State::from_word(state.word().as_bytes()), Some(state));
            assert_eq!(
                State::from_word(state.word().to_lowercase().as_bytes()),
                Some(state)
            );
            assert_eq!(state.word().len(), 7);
        }
        assert_eq!(State::from_u8(10), None);
    }

    #[test]
    fn only_six_states_close_a_message() {
        let closing: Vec<u8> = State::ALL
            .into_iter()
            .filter(|state| state.is_final())
            .map(|state| state as u8)
            .collect();
        assert_eq!(closing, [2, 3, 4, 5, 8, 9]);
    }

    #[test]
    fn words_outside_the_table_are_understood_or_left_to_the_caller() {
        for (word, state) in [
            ("BUFFRED", Some(State::Enroute)),
            ("acked", Some(State::Enroute)),
            ("Delivered", Some(State::Delivered)),
            ("FAILED", Some(State::Undeliverable)),
            ("", None),
            ("LOST", None),
        ] {
            assert_eq!(State::from_word(word.as_bytes()), state, "{word}");
        }
    }
}
