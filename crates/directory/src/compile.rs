//! From [`Settings`] to the snapshot: everything that needs more than one section.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use engine::{ConnectorId, CustomerId, Number, Numbers, Route, RouteName, Selected, Target};
use peer::{Account, Profile};
use smpp::command;
use smpp::session::BindKind;

use crate::accounts::{Accounts, Login};
use crate::callers::{Caller, Callers};
use crate::problem::{At, Place, Reader};
use crate::section::{
    BY_PLACE, ConnectorSettings, CustomerSettings, Customers, Host, ListenerKind, ListenerSettings,
    Named, RouteSettings, Settings,
};
use crate::snapshot::{
    Carrier, CarrierPlace, CarrierTls, Directory, Listener, ListenerTls, Outbind, Topup,
};
use crate::table;

/// The snapshot. Only of use when nothing was complained of.
pub(crate) fn directory(settings: Settings, reader: &mut Reader) -> Directory {
    check_listeners(&settings.listeners, reader);
    unique(
        &settings.customers,
        reader,
        "id",
        "give one of them another id",
        |customer| {
            (
                customer.number(),
                customer
                    .id
                    .as_ref()
                    .map_or(customer.name.place, |id| id.place),
            )
        },
    );
    unique(
        &settings.customers,
        reader,
        "system_id",
        "give one of them another system_id",
        |customer| (&customer.system_id().value, customer.system_id().place),
    );
    check_route_ids(&settings.routes, reader);
    unique(
        &settings.connectors,
        reader,
        "id",
        "give one of them another id",
        |connector| {
            (
                connector.number(),
                connector
                    .id
                    .as_ref()
                    .map_or(connector.name.place, |id| id.place),
            )
        },
    );
    let engine = engine_directory(&settings, reader);
    let topups = topups(&settings, reader);
    let logins = settings.customers.iter().filter_map(login);
    Directory {
        gateway: settings.gateway.gateway.clone(),
        listeners: settings.listeners.iter().filter_map(listener).collect(),
        engine: Arc::new(engine),
        topups,
        accounts: Accounts::new(
            logins,
            settings.gateway.gateway.connections.uniform_auth_error,
        ),
        callers: Callers(settings.connectors.iter().filter_map(caller).collect()),
        outbinds: settings.customers.iter().filter_map(outbind).collect(),
        carriers: settings.connectors.iter().flat_map(carriers).collect(),
        settings,
    }
}

/// Complains of sections whose `key` has the same value as that of an earlier one.
fn unique<'a, T: Named, V: Ord + std::fmt::Display>(
    all: &'a [T],
    reader: &mut Reader,
    key: &str,
    change: &str,
    value: impl Fn(&'a T) -> (V, Place),
) {
    let mut seen: BTreeMap<V, &T> = BTreeMap::new();
    for section in all
        .iter()
        .filter(|section| !section.name().value.is_empty())
    {
        let (value, place) = value(section);
        let what = seen.get(&value).map(|first| {
            let (mine, theirs) = (section.name(), first.name());
            let there = reader.name(theirs.place);
            format!(
                "{} {:?} has the {key} {value} of {:?} ({there})",
                T::KEY,
                mine.value,
                theirs.value
            )
        });
        match what {
            Some(what) => reader.complain_at(place, what, change),
            None => {
                seen.insert(value, section);
            }
        }
    }
}

fn check_listeners(listeners: &[ListenerSettings], reader: &mut Reader) {
    if listeners.is_empty() {
        reader.complain_at(
            Place::default(),
            "there is no listener",
            "add a [[listener]] with name, kind and addr",
        );
    }
    let mut seen: BTreeMap<SocketAddr, Place> = BTreeMap::new();
    let fixed = listeners
        .iter()
        .flat_map(|listener| &listener.addr)
        .filter(|addr| addr.value.port() != 0);
    for addr in fixed {
        if let Some(&first) = seen.get(&addr.value) {
            let what = format!(
                "the address {} stands at {} already",
                addr.value,
                reader.name(first)
            );
            reader.complain_at(addr.place, what, "give another port");
        }
        seen.insert(addr.value, addr.place);
    }
}

/// Complains of two ids that the engine could not tell apart.
fn check_route_ids(routes: &[RouteSettings], reader: &mut Reader) {
    let mut seen: BTreeMap<RouteName, &At<String>> = BTreeMap::new();
    for id in routes.iter().filter_map(|route| route.route_id.as_ref()) {
        let first = seen.entry(RouteName::of(id.value.as_bytes())).or_insert(id);
        if first.value != id.value {
            let what = format!(
                "the route_id {:?} has the number of {:?}, so that they cannot be told apart",
                id.value, first.value
            );
            reader.complain_at(id.place, what, "give another route_id");
        }
    }
}

fn engine_directory(settings: &Settings, reader: &mut Reader) -> engine::Directory {
    let routes = Routes::new(settings, reader);
    let mut customers = BTreeMap::new();
    for customer in &settings.customers {
        check_default_source(customer, reader);
        let mut rules = customer.rules.clone();
        rules.routes = routes.of(customer, reader);
        let default = customer.route_default.as_ref();
        rules.route_default = default.map(|name| RouteName::of(name.as_bytes()));
        rules.alerts = (customer.account.submitting.operations).allow(command::ALERT_NOTIFICATION);
        rules.meter = customer.money.meter(customer.account.submitting.reading);
        customers.insert(CustomerId(customer.number()), rules);
    }
    let connectors = settings.connectors.iter().map(|connector| {
        let mut rules = connector.rules.clone();
        rules.late_wait = connector.profile.late_wait;
        rules.long_messages = connector.profile.long_messages;
        (ConnectorId(connector.number()), rules)
    });
    let gateway = &settings.gateway.gateway;
    let limits = engine::Limits {
        outcomes: gateway.outcome_log.dir.is_some(),
        ..gateway.limits.clone()
    };
    engine::Directory {
        customers,
        connectors: connectors.collect(),
        numbers: numbers(settings, reader),
        limits,
    }
}

fn numbers(settings: &Settings, reader: &mut Reader) -> Numbers {
    let ids: BTreeMap<&str, u32> = by_name(&settings.customers, CustomerSettings::number);
    let mut numbers = Numbers::default();
    for number in &settings.numbers {
        let mut whose = |name| known("customer", &ids, name, reader).map(CustomerId);
        let mut keywords = BTreeMap::new();
        for keyword in &number.keywords {
            if let Some(customer) = whose(&keyword.customer) {
                keywords.insert(keyword.keyword.to_lowercase(), customer);
            }
        }
        if let Some(customer) = whose(&number.customer) {
            let digits = number.number.value.clone().into_bytes();
            numbers.insert(digits, Number { customer, keywords });
        }
    }
    numbers
}

/// Complains of a source for messages without one that could not be sent.
fn check_default_source(customer: &CustomerSettings, reader: &mut Reader) {
    let rules = &customer.account.submitting.addresses;
    if !rules.default_source_fits() {
        let what = format!(
            "the default_source {:?} of customer {:?} is beyond its alphanumeric_max of {} and source_digits_max of {}",
            rules.default_source,
            customer.name.value,
            rules.alphanumeric_max,
            rules.source_digits_max
        );
        let change = "give a shorter default_source, or raise the limit";
        reader.complain_at(customer.name.place, what, change);
    }
}

/// What was paid, in the order in which it counts. One that was written behind a greater one of its customer could not count any
/// more if that one was read before, so it is complained of.
fn topups(settings: &Settings, reader: &mut Reader) -> Vec<Topup> {
    let ids: BTreeMap<&str, u32> = by_name(&settings.customers, CustomerSettings::number);
    let mut topups = Vec::with_capacity(settings.topups.len());
    let mut greatest: BTreeMap<u32, u64> = BTreeMap::new();
    for topup in &settings.topups {
        let Some(id) = known("customer", &ids, &topup.customer, reader) else {
            continue;
        };
        let number = topup.number();
        let earlier = greatest.entry(id).or_default();
        if number < *earlier {
            let customer = &topup.customer.value;
            let what =
                format!("topup {number} stands behind topup {earlier} of customer {customer:?}");
            let change = "number the payments of a customer in the order in which they are written: one whose number is below that of an earlier one does not count";
            reader.complain_at(topup.id.place, what, change);
        }
        *earlier = number.max(*earlier);
        topups.push(Topup {
            number,
            customer: CustomerId(id),
            amount: topup.amount,
        });
    }
    topups
}

fn by_name<T: Named, V>(all: &[T], value: impl Fn(&T) -> V) -> BTreeMap<&str, V> {
    all.iter()
        .map(|section| (section.name().value.as_str(), value(section)))
        .collect()
}

/// What stands under `name`, or a complaint with the names that there are. None is made where a name was complained of before.
fn known<V: Copy>(
    kind: &str,
    names: &BTreeMap<&str, V>,
    name: &At<String>,
    reader: &mut Reader,
) -> Option<V> {
    let value = names.get(name.value.as_str()).copied();
    if value.is_some() || name.value.is_empty() || names.contains_key("") {
        return value;
    }
    let names: Vec<&str> = names.keys().copied().collect();
    let change = if names.is_empty() {
        format!("add a [[{kind}]]")
    } else {
        table::nearest(&name.value, &names)
    };
    reader.complain_at(
        name.place,
        format!("there is no {kind} {:?}", name.value),
        change,
    );
    None
}

/// The routes, their names resolved.
struct Routes<'a> {
    routes: Vec<Resolved<'a>>,
    /// Pairs of routes that were complained of.
    clashes: std::cell::RefCell<BTreeSet<(usize, usize)>>,
}

struct Resolved<'a> {
    settings: &'a RouteSettings,
    /// None: everybody's.
    customers: Option<BTreeSet<&'a str>>,
    except: BTreeSet<&'a str>,
    targets: Vec<Target>,
}

impl<'a> Routes<'a> {
    fn new(settings: &'a Settings, reader: &mut Reader) -> Routes<'a> {
        let customers: BTreeMap<&str, ()> = by_name(&settings.customers, |_| ());
        let connectors: BTreeMap<&str, u32> =
            by_name(&settings.connectors, ConnectorSettings::number);
        let resolve = |route: &'a RouteSettings, reader: &mut Reader| {
            let mut names = |names: &'a [At<String>]| -> BTreeSet<&'a str> {
                for name in names {
                    known("customer", &customers, name, reader);
                }
                names.iter().map(|name| name.value.as_str()).collect()
            };
            let except = names(&route.except);
            let whose = match &route.customers {
                Customers::All => None,
                Customers::Named(named) => Some(names(named)),
            };
            let targets = targets(route, &connectors, reader);
            Resolved {
                settings: route,
                customers: whose,
                except,
                targets,
            }
        };
        let routes = settings
            .routes
            .iter()
            .map(|route| resolve(route, reader))
            .collect();
        Routes {
            routes,
            clashes: std::cell::RefCell::default(),
        }
    }

    /// The routes of a customer: everybody's first and its own last, because the engine takes the last of equals.
    fn of(&self, customer: &CustomerSettings, reader: &mut Reader) -> Vec<Route> {
        let name = customer.name.value.as_str();
        let numbered = || {
            self.routes
                .iter()
                .enumerate()
                .filter(|(_, route)| !route.except.contains(name))
        };
        let general: Vec<_> = numbered()
            .filter(|(_, route)| route.customers.is_none())
            .collect();
        let own: Vec<_> = numbered()
            .filter(|(_, route)| {
                route
                    .customers
                    .as_ref()
                    .is_some_and(|names| names.contains(name))
            })
            .collect();
        self.complain_of_clashes(&general, name, reader);
        self.complain_of_clashes(&own, name, reader);
        general
            .into_iter()
            .chain(own)
            .flat_map(|(_, route)| route.routes())
            .collect()
    }

    /// Two routes that take the same destinations of one customer: which one counts would be chance.
    fn complain_of_clashes(
        &self,
        routes: &[(usize, &Resolved<'a>)],
        customer: &str,
        reader: &mut Reader,
    ) {
        let mut seen: BTreeMap<(Selected, &str), Vec<(usize, &Resolved<'a>)>> = BTreeMap::new();
        for &(number, route) in routes {
            for prefix in route.prefixes() {
                let others = seen.entry((route.selected(), prefix)).or_default();
                for &(other, earlier) in others
                    .iter()
                    .filter(|(_, other)| overlap(other.settings.ending, route.settings.ending))
                {
                    if self.clashes.borrow_mut().insert((other, number)) {
                        clash(earlier.settings, route.settings, customer, reader);
                    }
                }
                others.push((number, route));
            }
        }
    }
}

impl Resolved<'_> {
    /// Its prefixes; the empty one when it has none.
    fn prefixes(&self) -> impl Iterator<Item = &str> {
        let all = self.settings.prefixes.is_empty().then_some("");
        all.into_iter()
            .chain(self.settings.prefixes.iter().map(String::as_str))
    }

    /// What messages select to go by it.
    fn selected(&self) -> Selected {
        match self.settings.route_id.as_ref().map(|id| id.value.as_str()) {
            None => Selected::Nothing,
            Some("*") => Selected::Anything,
            Some(id) => Selected::Name(RouteName::of(id.as_bytes())),
        }
    }

    /// The routes that it is for the engine: one for each prefix.
    fn routes(&self) -> impl Iterator<Item = Route> {
        self.prefixes().map(|prefix| Route {
            selected: self.selected(),
            prefix: prefix.as_bytes().to_vec(),
            ending: self.settings.ending,
            delay: self.settings.delay,
            targets: self.targets.clone(),
        })
    }
}

fn overlap(one: Option<(u16, u16)>, other: Option<(u16, u16)>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some((low, high)), Some((from, to))) => low <= to && from <= high,
        // The one with an ending is more specific.
        (None, Some(_)) | (Some(_), None) => false,
    }
}

fn clash(earlier: &RouteSettings, later: &RouteSettings, customer: &str, reader: &mut Reader) {
    let there = reader.name(earlier.name.place);
    let what = format!(
        "route {:?} takes destinations of customer {customer:?} that route {:?} ({there}) takes as well",
        later.name.value, earlier.name.value
    );
    reader.complain_at(
        later.name.place,
        what,
        "give them different prefixes, endings, customers or route_ids",
    );
}

fn targets(
    route: &RouteSettings,
    connectors: &BTreeMap<&str, u32>,
    reader: &mut Reader,
) -> Vec<Target> {
    let mut seen = BTreeSet::new();
    let mut targets = Vec::with_capacity(route.targets.len());
    for (place, target) in (0_u16..).zip(&route.targets) {
        let Some(id) = known("connector", connectors, &target.connector, reader) else {
            continue;
        };
        if !seen.insert(id) {
            let what = format!(
                "the connector {:?} is a target of this route already",
                target.connector.value
            );
            reader.complain_at(target.connector.place, what, "remove one of them");
        }
        let order = if target.order == BY_PLACE {
            place
        } else {
            target.order
        };
        targets.push(Target {
            connector: ConnectorId(id),
            order,
            weight: target.weight,
        });
    }
    targets
}

fn login(customer: &CustomerSettings) -> Option<(String, Login)> {
    let system_id = customer.system_id().value.clone();
    let account = Account {
        customer: CustomerId(customer.number()),
        system_id: system_id.clone(),
        ..customer.account.clone()
    };
    let login = Login {
        account: Arc::new(account),
        secret: Arc::new(customer.credential.secret.as_ref()?.value.clone()),
        enabled: customer.rules.enabled,
        access: customer.access.clone(),
    };
    Some((system_id, login))
}

fn outbind(customer: &CustomerSettings) -> Option<(CustomerId, Outbind)> {
    let settings = &customer.outbind;
    let system_id = settings.system_id.as_ref();
    let password = settings.password.as_ref();
    let outbind = Outbind {
        customer: customer.name.value.clone(),
        host: settings.host.clone()?,
        system_id: system_id.unwrap_or(&customer.account.answer_as).clone(),
        password: password.map(|password| password.value.clone()),
    };
    let enabled = customer.rules.enabled;
    enabled.then_some((CustomerId(customer.number()), outbind))
}

fn listener(settings: &ListenerSettings) -> Option<Listener> {
    let kind = settings.kind?;
    let files = settings.cert.as_ref().zip(settings.key.as_ref());
    let tls = files.map_or(ListenerTls::SelfSigned, |(cert, key)| ListenerTls::Files {
        cert: cert.value.clone(),
        key: key.value.clone(),
    });
    Some(Listener {
        name: settings.name.value.clone(),
        kind,
        addr: settings.addr.iter().map(|addr| addr.value).collect(),
        tls: (kind == ListenerKind::Smpps).then_some(tls),
        proxy_from: settings.proxy_from.clone(),
    })
}

/// What is bound to for a connector: the carrier, and once more for its receivers, if they are on binds of their own.
fn carriers(settings: &ConnectorSettings) -> impl Iterator<Item = Carrier> {
    let reach = &settings.reach;
    let own = carrier(settings, &reach.hosts);
    let receivers = (reach.receivers > 0).then(|| {
        let hosts = match reach.receiver_hosts.as_slice() {
            [] => &reach.hosts,
            hosts => hosts,
        };
        let mut receivers = carrier(settings, hosts);
        Arc::make_mut(&mut receivers.profile).kind = BindKind::Receiver;
        receivers.binds = reach.receivers;
        receivers
    });
    [Some(own), receivers].into_iter().flatten()
}

/// The carrier of a connector as one that calls us; none: it does not, or is switched off.
fn caller(settings: &ConnectorSettings) -> Option<Caller> {
    let called = &settings.called;
    let may_call = settings.rules.enabled && !called.from.is_empty();
    may_call.then(|| Caller {
        profile: Arc::new(profile(settings)),
        most: called.most.into(),
        from: called.from.clone(),
        system_id: called.system_id.clone(),
        password: called.password.as_ref().map(|it| it.value.clone()),
        tls: settings.reach.tls,
    })
}

fn profile(settings: &ConnectorSettings) -> Profile {
    let password = settings.credential.secret.as_ref();
    Profile {
        connector: ConnectorId(settings.number()),
        name: settings.name.value.clone(),
        system_id: settings.system_id.clone().unwrap_or_default(),
        password: password.map_or_else(String::new, |secret| secret.value.expose().to_owned()),
        ..settings.profile.clone()
    }
}

fn carrier(settings: &ConnectorSettings, hosts: &[Host]) -> Carrier {
    let reach = &settings.reach;
    let tls = CarrierTls {
        ca: reach.ca.as_ref().map(|ca| ca.value.clone()),
        own: reach
            .cert
            .as_ref()
            .zip(reach.key.as_ref())
            .map(|(cert, key)| (cert.value.clone(), key.value.clone())),
        server_name: reach.server_name.as_ref().map(|name| name.value.clone()),
        insecure: reach
            .insecure
            .as_ref()
            .is_some_and(|insecure| insecure.value),
    };
    let network = CarrierPlace::Network {
        hosts: hosts.to_vec(),
        tls: reach.tls.then_some(tls),
        bind_from: reach.bind_from,
    };
    Carrier {
        profile: Arc::new(profile(settings)),
        enabled: settings.rules.enabled,
        place: if reach.simulated {
            CarrierPlace::Simulated
        } else {
            network
        },
        binds: reach.binds,
        spread: reach.spread,
        fail_back: reach.fail_back,
        connect_timeout: reach.connect_timeout,
        reconnect_min: reach.reconnect_min,
        reconnect_max: reach.reconnect_max,
    }
}
