//! Calls to customers that have no bind to receive what waits for them: we connect and send outbind, and they bind over that
//! connection (SMPP 3.4, 2.2.1).

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use directory::Outbind;
use engine::CustomerId;
use peer::customer::Customer;
use smpp::pdu;
use smpp::tlv::Tlvs;
use tokio::net::TcpStream;

use crate::conn::Peer;
use crate::connect::{Backoff, Ended, connect_host};
use crate::net::Io;
use crate::session_log::SessionLog;
use crate::wire::Wire;

/// How long a TCP connect may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Pause after the first call; it doubles with each that came to no bind of a minute.
const PAUSE_MIN: Duration = Duration::from_secs(1);

/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// The calls of one I/O thread.
#[derive(Default)]
pub(crate) struct Calls {
    /// Customers for whom something waits that they have no bind to receive with.
    unattended: RefCell<BTreeSet<CustomerId>>,
    /// Customers with a call under way, or a pause between two.
    called: RefCell<BTreeSet<CustomerId>>,
}

impl Calls {
    /// Calls these customers until they do not have to be called any more.
    pub(crate) fn call(&self, io: &Rc<Io>, unattended: BTreeSet<CustomerId>) {
        for &customer in &unattended {
            if self.called.borrow_mut().insert(customer) {
                tokio::task::spawn_local(keep_calling(io.clone(), customer));
            }
        }
        *self.unattended.borrow_mut() = unattended;
    }
}

/// One call after another, until nothing waits, or the customer has a bind.
async fn keep_calling(io: Rc<Io>, customer: CustomerId) {
    let mut backoff = Backoff::new(io.common.seed(("outbind", customer.0)));
    while io.calls.unattended.borrow().contains(&customer) && !io.is_draining() {
        let directory = io.common.directory();
        let Some(outbind) = directory.outbinds.get(&customer) else {
            break; // A reload took it away.
        };
        let ended = call(&io, outbind).await;
        let pause = backoff.after(ended, PAUSE_MIN, PAUSE_MAX);
        tokio::time::sleep(pause.wait).await;
    }
    io.calls.called.borrow_mut().remove(&customer);
}

/// One call, to the end of its connection.
async fn call(io: &Rc<Io>, outbind: &Outbind) -> Ended {
    let customer = &outbind.customer;
    let (socket, remote) = match connect_host(&outbind.host, None, CONNECT_TIMEOUT).await {
        Ok(connected) => connected,
        Err(error) => {
            tracing::warn!(customer, host = %outbind.host, %error, "cannot be called");
            return Ended::Unreached;
        }
    };
    if io.is_draining() {
        return Ended::Unreached;
    }
    tracing::info!(customer, %remote, "called: outbind is sent");
    let log = SessionLog::customer(remote, &io.common.metrics);
    converse(io, outbind, socket, log).await
}

async fn converse(io: &Rc<Io>, outbind: &Outbind, socket: TcpStream, log: SessionLog) -> Ended {
    let password = outbind.password.as_ref();
    let asked = pdu::Outbind {
        system_id: outbind.system_id.as_bytes(),
        password: password.map_or(b"", |password| password.expose().as_bytes()),
        tlvs: Tlvs::EMPTY,
    };
    let settings = io.customer_settings();
    let began = io.common.clock.mono();
    let conn = io.open(socket, Wire::Plain, log, |at, now| {
        let customer = Customer::calling(at, settings, now, &asked);
        Peer::Customer(Box::new(
            customer.expect("the configuration holds what fits"),
        ))
    });
    conn.state.borrow_mut().place = Some(io.place());
    io.drive(&conn).await;
    if conn.state.borrow().admitted.is_some() {
        Ended::Stood(io.common.clock.mono().since(began))
    } else {
        Ended::Unreached
    }
}
