//! Which requests a customer may send, or may be sent.

use smpp::command::{self, CommandId};
use smpp::session::BindKind;

/// A set of the requests that a customer and we may do without. What keeps a session (bind, enquire_link, unbind) is never in
/// question, nor is deliver_sm, whose settings say more than whether it is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Operations(u8);

impl Operations {
    /// The requests that can be in a set, in the order in which sets are written.
    pub const ALL: [CommandId; 7] = [
        command::SUBMIT_SM,
        command::SUBMIT_MULTI,
        command::DATA_SM,
        command::QUERY_SM,
        command::CANCEL_SM,
        command::REPLACE_SM,
        // It is sent to the customer; no session takes it from one.
        command::ALERT_NOTIFICATION,
    ];

    /// Whether a customer with this set may send `request`, or be sent it. One that can be in no set may be sent by nobody.
    #[inline]
    pub fn allow(self, request: CommandId) -> bool {
        Operations::ALL
            .iter()
            .position(|&known| known == request)
            .is_some_and(|bit| self.0 & 1 << bit != 0)
    }

    /// The operations of the specification that are not in the set: those of cell broadcast can be in none.
    pub(crate) fn others(self) -> impl Iterator<Item = CommandId> {
        CommandId::ALL.iter().copied().filter(move |&request| {
            let session = BindKind::from_command(request).is_some()
                || matches!(request, command::UNBIND | command::ENQUIRE_LINK);
            !request.is_response() && !session && !self.allow(request)
        })
    }

    /// The requests in the set.
    pub fn iter(self) -> impl Iterator<Item = CommandId> {
        Operations::ALL
            .into_iter()
            .filter(move |&request| self.allow(request))
    }
}

impl FromIterator<CommandId> for Operations {
    /// A request that can be in no set is passed over.
    fn from_iter<I: IntoIterator<Item = CommandId>>(requests: I) -> Operations {
        let bits = requests
            .into_iter()
            .filter_map(|request| Operations::ALL.iter().position(|&known| known == request))
            .fold(0, |bits, bit| bits | 1 << bit);
        Operations(bits)
    }
}

impl Default for Operations {
    /// All of them.
    fn default() -> Operations {
        Operations::ALL.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_allows_what_is_in_it() {
        let set: Operations = [command::QUERY_SM, command::SUBMIT_SM, command::UNBIND]
            .into_iter()
            .collect();
        let allowed: Vec<_> = set.iter().collect();
        assert_eq!(allowed, [command::SUBMIT_SM, command::QUERY_SM]);
        assert!(!set.allow(command::UNBIND) && !set.allow(command::BROADCAST_SM));
    }

    #[test]
    fn by_default_everything_is_allowed_that_can_be() {
        let all = Operations::default();
        assert!(
            Operations::ALL
                .into_iter()
                .all(|request| all.allow(request))
        );
    }
}
