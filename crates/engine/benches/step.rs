//! What one message costs in the engine alone: decisions, records and the fold, beside nothing or a million others.
//!
//! `cargo bench -p engine`

use std::sync::Arc;
use std::time::Duration;

use divan::counter::ItemsCount;
use divan::{AllocProfiler, Bencher};
use engine::{
    BindId, BindKind, CarrierReceipt, Connector, ConnectorId, Customer, CustomerId, Directory,
    Draft, Engine, Input, Inputs, Limits, Origin, Outcome, Output, Position, Recovery, Route, Step,
    Target, Wants,
};
use sms::{Address, Instant, Message, Now, State, Wall};

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

/// Messages to a step.
const BATCH: u32 = 500;
/// The first of them, and the only one where only one is needed.
const CUSTOMER: CustomerId = CustomerId(1);
const CUSTOMERS: u32 = 1_000;
/// Has a bind and all the window it needs.
const OPEN: ConnectorId = ConnectorId(1);
/// Has none.
const CLOSED: ConnectorId = ConnectorId(2);
const TEXT: &[u8] = &[b'x'; 160];

fn main() {
    divan::main();
}

/// A message is accepted and waits, behind so many others.
#[divan::bench(args = [0, 1_000_000], sample_count = 200, sample_size = 1)]
fn accept(bencher: Bencher<'_, '_>, others: u32) {
    let mut desk = Desk::behind(others);
    bencher
        .counter(ItemsCount::new(BATCH))
        .bench_local(|| desk.submit(b"882000001234"));
}

/// A message goes all the way: accepted, sent, taken, its receipt matched and delivered, which comes so many messages later.
#[divan::bench(args = [0, 300_000], sample_count = 600, sample_size = 1)]
fn whole_way(bencher: Bencher<'_, '_>, outstanding: u32) {
    let mut desk = Desk::behind(0);
    for _ in 0..outstanding / BATCH {
        desk.submit(b"447700901234");
        desk.take();
    }
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| {
        desk.submit(b"447700901234");
        assert_eq!(desk.sends.len(), BATCH as usize);
        desk.take();
        desk.receipts();
        assert_eq!(desk.deliveries.len(), BATCH as usize);
        desk.acknowledge();
    });
}

/// The carrier takes a message, and in its place one leaves a deep lane where so many customers wait.
#[divan::bench(args = [1, CUSTOMERS], sample_count = 400, sample_size = 1)]
fn drain(bencher: Bencher<'_, '_>, customers: u32) {
    let mut desk = Desk::behind(0);
    for _ in 0..450 {
        desk.submit_of(customers, b"882000001234");
    }
    desk.inputs.push(Input::Connected {
        origin: Origin::default(),
        connector: CLOSED,
        transmits: true,
        window: BATCH as u16,
    });
    desk.step();
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| {
        assert_eq!(desk.sends.len(), BATCH as usize);
        desk.take();
    });
}

/// An engine and the world around it, as far as it is needed.
struct Desk {
    engine: Engine,
    inputs: Inputs,
    step: Step,
    now: Now,
    customer: BindId,
    carrier: BindId,
    submitted: u32,
    /// Ids that the carrier gave, and those that it has sent the receipts of.
    taken: u64,
    told: u64,
    /// Tokens of what is to be answered.
    sends: Vec<u64>,
    deliveries: Vec<u64>,
}

impl Desk {
    fn behind(others: u32) -> Desk {
        let mut desk = Desk {
            engine: Recovery::new(0).finish(Position(0)),
            inputs: Inputs::default(),
            step: Step::default(),
            now: Now {
                mono: Instant(1_000_000_000_000),
                wall: Wall(1_795_262_400_000),
            },
            customer: BindId::NONE,
            carrier: BindId::NONE,
            submitted: 0,
            taken: 0,
            told: 0,
            sends: Vec::new(),
            deliveries: Vec::new(),
        };
        desk.inputs.push(Input::Directory(Arc::new(directory())));
        desk.inputs.push(Input::Bind {
            origin: Origin::default(),
            customer: CUSTOMER,
            kind: BindKind::Transceiver,
            group: Default::default(),
            window: u16::MAX,
        });
        desk.inputs.push(Input::Connected {
            origin: Origin::default(),
            connector: OPEN,
            transmits: true,
            window: u16::MAX,
        });
        desk.step();
        for _ in 0..others / BATCH {
            desk.submit(b"882000001234");
        }
        desk
    }

    fn submit(&mut self, destination: &[u8]) {
        self.submit_of(1, destination);
    }

    /// A batch of so many customers in turn.
    fn submit_of(&mut self, customers: u32, destination: &[u8]) {
        let message = Message {
            source: Address {
                ton: 5,
                npi: 0,
                digits: b"Bindery",
            },
            destination: Address {
                ton: 1,
                npi: 1,
                digits: destination,
            },
            text: TEXT,
            ..Message::default()
        };
        for _ in 0..BATCH {
            let body = self.inputs.put_message(&message);
            self.submitted += 1;
            self.inputs.push(Input::Submit(Draft {
                bind: self.customer,
                customer: CustomerId(CUSTOMER.0 + self.submitted % customers),
                wants: Wants::from_registered_delivery(1),
                body,
                ..Draft::default()
            }));
        }
        self.step();
    }

    /// The carrier takes all of them, under ids as most carriers give them.
    fn take(&mut self) {
        for token in self.sends.drain(..) {
            self.taken += 1;
            let id = self.inputs.put(&carrier_id(self.taken));
            self.inputs.push(Input::Sent {
                bind: self.carrier,
                token,
                outcome: Outcome::Accepted { id },
            });
        }
        self.step();
    }

    fn receipts(&mut self) {
        for _ in 0..BATCH {
            self.told += 1;
            let receipt = CarrierReceipt {
                id: self.inputs.put(&carrier_id(self.told)),
                destination: self.inputs.put(b"447700901234"),
                state: State::Delivered,
                err: *b"000",
                done: None,
            };
            self.inputs.push(Input::Receipt {
                origin: Origin::default(),
                bind: self.carrier,
                receipt,
            });
        }
        self.step();
    }

    fn acknowledge(&mut self) {
        for token in self.deliveries.drain(..) {
            self.inputs.push(Input::Delivered {
                bind: self.customer,
                token,
                outcome: Outcome::Accepted {
                    id: Default::default(),
                },
            });
        }
        self.step();
    }

    /// One step a millisecond.
    fn step(&mut self) {
        self.now.mono = self.now.mono + Duration::from_millis(1);
        self.now.wall = self.now.wall.plus(Duration::from_millis(1));
        self.engine.step(self.now, &mut self.inputs, &mut self.step);
        for output in self.step.free.iter().chain(self.step.gated.iter()) {
            match *output {
                // The customer's bind was asked for first.
                Output::Bound { bind, .. } if self.customer == BindId::NONE => self.customer = bind,
                Output::Bound { bind, .. } => self.carrier = bind,
                Output::Send { token, .. } => self.sends.push(token),
                Output::Deliver { token, .. } => self.deliveries.push(token),
                Output::Accepted { .. } | Output::Acknowledge { .. } => {}
                Output::Answer { .. } => unreachable!("nothing is asked"),
                Output::Alert { .. } => unreachable!("nobody is back"),
                Output::Unreached { .. } => unreachable!("each has one destination"),
                Output::Refused { .. } | Output::Probe { .. } | Output::Close { .. } => {
                    unreachable!("nothing is refused")
                }
            }
        }
        self.step.clear();
    }
}

/// In decimal with zeros before it; without an allocation, for those are counted.
fn carrier_id(number: u64) -> [u8; 16] {
    let mut rest = number;
    let mut digits = [b'0'; 16];
    for digit in digits.iter_mut().rev() {
        *digit += (rest % 10) as u8;
        rest /= 10;
    }
    digits
}

fn directory() -> Directory {
    let route = |prefix: &[u8], connector| Route {
        prefix: prefix.to_vec(),
        targets: vec![Target {
            connector,
            order: 0,
            weight: 1,
        }],
        ..Route::default()
    };
    let customer = Customer {
        routes: vec![route(b"44", OPEN), route(b"88", CLOSED)],
        deliver_max: u64::MAX,
        ..Customer::default()
    };
    Directory {
        customers: (0..CUSTOMERS)
            .map(|more| (CustomerId(CUSTOMER.0 + more), customer.clone()))
            .collect(),
        connectors: [OPEN, CLOSED].map(|id| (id, Connector::default())).into(),
        limits: Limits {
            memory_max: u64::MAX,
            ..Limits::default()
        },
        ..Directory::default()
    }
}
