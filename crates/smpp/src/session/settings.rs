//! What may differ from one peer to the next.

use core::time::Duration;

use crate::command::CommandId;
use crate::frame;
use crate::status::Status;
use crate::{Tolerance, Version};

/// The limits and times of a session. The defaults are those that the industry has settled on; the specifications name
/// the timers and give no numbers (SMPP 3.4, 7.2).
#[derive(Clone, Debug)]
pub struct Settings {
    /// The peer's requests that may wait for our response; the next one is not read before a response is given.
    pub window_in: u16,
    /// What a request beyond that is answered; `None`: it stays unread until there is room.
    pub window_over: Option<Status>,
    /// Our requests that may wait for the peer's response.
    pub window_out: u16,
    /// How long a connection may live without a bind. Message centre: from the start. ESME: from the start to
    /// [`bind`](super::Session::bind).
    pub session_init: Duration,
    /// ESME: how long the answer to the bind is awaited.
    pub bind_timeout: Duration,
    /// Binds that are refused before the connection is closed.
    pub bind_tries: u8,
    /// Close after the first refused bind.
    pub close_on_bind_failure: bool,
    /// ESME: the version to assume of a message centre that does not tell its own; `None`: the one that we asked for.
    pub version_if_untold: Option<Version>,
    /// Message centre: requests of ours wait this long after the response to the bind, because there are clients that
    /// lose whatever arrives in one piece with it.
    pub bind_settle: Duration,
    /// Nothing sent or received for so long: `enquire_link`. `None`: never by itself.
    pub enquire_link_interval: Option<Duration>,
    /// No PDU for so long after an `enquire_link`: counted as a miss and asked again.
    pub enquire_link_timeout: Duration,
    /// Close at the first miss.
    pub enquire_timeout_closes: bool,
    /// No PDU received for so long: closed. `None`: never.
    pub inactivity: Option<Duration>,
    /// How long a response is awaited before the request counts as silent.
    pub response_timeout: Duration,
    /// How much longer a silent request keeps its slot, because its response may still come.
    pub late_wait: Duration,
    /// A PDU of which only a part came: closed so long after its first octet.
    pub partial_pdu: Duration,
    /// How long owed responses may delay an `unbind`, or the answer to one.
    pub drain_timeout: Duration,
    /// How long the answer to our `unbind` is awaited; after the peer's, how long its owed responses are.
    pub unbind_timeout: Duration,
    /// How the peer's requests are read.
    pub tolerance: Tolerance,
    /// Requests that the peer may not send. The caller refuses them; one that cannot be read is answered with
    /// `ESME_RINVCMDID` like all of them, and not with the status of its field.
    pub not_offered: Vec<CommandId>,
    /// What a message of the peer's that cannot be read is answered: in place of a status of the specification another.
    pub submit_statuses: Vec<(Status, Status)>,
    /// The largest PDU before the bind, in octets.
    pub frame_cap_unbound: usize,
    /// The largest PDU after the bind, in octets.
    pub frame_cap_bound: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            window_in: 10,
            window_over: None,
            window_out: 10,
            session_init: Duration::from_secs(10),
            bind_timeout: Duration::from_secs(10),
            bind_tries: 3,
            close_on_bind_failure: false,
            version_if_untold: None,
            bind_settle: Duration::from_millis(50),
            enquire_link_interval: Some(Duration::from_secs(30)),
            enquire_link_timeout: Duration::from_secs(10),
            enquire_timeout_closes: false,
            inactivity: Some(Duration::from_secs(120)),
            response_timeout: Duration::from_secs(30),
            late_wait: Duration::from_secs(30),
            partial_pdu: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(4),
            unbind_timeout: Duration::from_secs(5),
            tolerance: Tolerance::Strict,
            not_offered: Vec::new(),
            submit_statuses: Vec::new(),
            frame_cap_unbound: frame::CAP_UNBOUND,
            frame_cap_bound: frame::CAP_BOUND,
        }
    }
}
