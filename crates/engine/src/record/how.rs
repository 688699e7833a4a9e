//! How receipts find their messages.

/// How a receipt was matched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum How {
    /// Not at all, or not yet.
    None = 0,
    /// By the id as written.
    Exact = 1,
    /// By the id in another form, the destination agreeing.
    Form = 2,
    /// By the destination of the only message in doubt.
    InDoubt = 3,
    /// An operator knew.
    ByHand = 4,
}

impl How {
    pub(crate) fn from_code(code: u8) -> Option<How> {
        let all = [How::None, How::Exact, How::Form, How::InDoubt, How::ByHand];
        all.into_iter().find(|&how| how as u8 == code)
    }
}
