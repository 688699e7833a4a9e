//! The statuses that a customer's manual has in place of those of the specification.

use engine::Refusal;
use smpp::status::Status;

use crate::{Asked, command_status};

/// What stands in the answers to a customer's submits in place of the specification's statuses; empty: nothing. Answers to binds
/// and to everything else are never touched: `ESME_RINVPASWD` there and a bad destination here may have one number.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Statuses {
    rows: Vec<(StatusOf, Status)>,
}

/// What a row of [`Statuses`] is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StatusOf {
    /// A decision of this gateway, whatever status it has by the specification.
    Refusal(Refusal),
    /// Whatever has this status by the specification.
    Status(Status),
}

impl Statuses {
    /// The rows, each with what is said. Rows for decisions count before rows for statuses, for they are more specific.
    pub fn new(rows: impl IntoIterator<Item = (StatusOf, Status)>) -> Statuses {
        Statuses {
            rows: rows.into_iter().collect(),
        }
    }

    /// The rows, in their order.
    pub fn rows(&self) -> impl Iterator<Item = (StatusOf, Status)> {
        self.rows.iter().copied()
    }

    /// Statuses of the specification, each with what is said instead of it.
    pub(crate) fn instead(&self) -> impl Iterator<Item = (Status, Status)> {
        self.rows().filter_map(|(of, said)| match of {
            StatusOf::Status(status) => Some((status, said)),
            StatusOf::Refusal(_) => None,
        })
    }

    /// What is said instead of a status of the specification.
    pub(crate) fn of_status(&self, status: Status) -> Status {
        self.row(StatusOf::Status(status)).unwrap_or(status)
    }

    /// What a refusal of the engine is told as.
    pub fn of_refusal(&self, refusal: Refusal) -> Status {
        self.row(StatusOf::Refusal(refusal))
            .unwrap_or_else(|| self.of_status(command_status(refusal, Asked::Submit)))
    }

    fn row(&self, of: StatusOf) -> Option<Status> {
        let row = self.rows.iter().find(|(known, _)| *known == of);
        row.map(|&(_, said)| said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smpp::status;

    #[test]
    fn a_decision_counts_before_a_status_and_what_is_not_named_stays() {
        let statuses = Statuses::new([
            (StatusOf::Status(status::RSUBMITFAIL), Status(0x400)),
            (StatusOf::Refusal(Refusal::NoCredit), Status(0x410)),
        ]);
        assert_eq!(statuses.of_refusal(Refusal::NoCredit), Status(0x410));
        assert_eq!(statuses.of_refusal(Refusal::NoRoute), Status(0x400));
        assert_eq!(statuses.of_refusal(Refusal::Full), status::RMSGQFUL);
        assert_eq!(statuses.of_status(status::RINVDSTADR), status::RINVDSTADR);
    }
}
