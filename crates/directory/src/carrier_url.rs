//! Carriers on the command line: `smpp://SYSTEM_ID:PASSWORD@HOST:PORT?window=10&binds=1`.

use core::ops::Range;
use std::borrow::Cow;
use std::path::Path;

use percent_encoding::percent_decode_str;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::problem::{At, Reader};
use crate::section::{
    BY_PLACE, ConnectorSettings, Customers, Named, RouteSettings, Settings, TargetSettings, Written,
};
use crate::table::{self, Rows};

/// The parameters of a URL; all but `route` are keys of `[[connector]]`.
const PARAMETERS: [&str; 7] = [
    "window",
    "binds",
    "tps",
    "reconnect_max",
    "ca",
    "insecure",
    ROUTE,
];

/// The parameter that names a route and is no key of a connector.
const ROUTE: &str = "route";

/// The form, as complaints show it.
const FORM: &str =
    "write smpp://SYSTEM_ID:PASSWORD@HOST:PORT or smpps://.., each part percent-encoded";

/// A carrier of the command line.
struct Given {
    connector: ConnectorSettings,
    route: Option<At<String>>,
}

/// Reads the URLs and puts them into the configuration: `carrier1`, `carrier2`...
///
/// They take the places of the simulated carriers in every route; where there are none, they become route `default`. One with
/// `route=NAME` becomes that route instead, except that somebody must be the default: the first, if all name a route.
pub(crate) fn apply(settings: &mut Settings, urls: &[String], reader: &mut Reader) {
    let given: Vec<Given> = (1..)
        .zip(urls)
        .filter_map(|(number, url)| read(number, url, reader))
        .collect();
    if urls.is_empty() || given.len() < urls.len() {
        return;
    }
    let unnamed: Vec<&Given> = given
        .iter()
        .filter(|carrier| carrier.route.is_none())
        .collect();
    let default = if unnamed.is_empty() {
        vec![&given[0]]
    } else {
        unnamed
    };
    let default: Vec<TargetSettings> = default.into_iter().map(target).collect();
    replace_simulated(settings, &default, reader);
    for carrier in &given {
        if let Some(name) = &carrier.route {
            serve_route(settings, name, &given, reader);
        }
    }
    settings
        .connectors
        .extend(given.into_iter().map(|carrier| carrier.connector));
}

fn target(carrier: &Given) -> TargetSettings {
    TargetSettings {
        connector: carrier.connector.name.clone(),
        order: BY_PLACE,
        weight: 1,
    }
}

fn replace_simulated(settings: &mut Settings, default: &[TargetSettings], reader: &Reader) {
    let (simulated, real): (Vec<_>, Vec<_>) = settings
        .connectors
        .drain(..)
        .partition(|connector| connector.reach.simulated);
    settings.connectors = real;
    let gone = |target: &TargetSettings| {
        simulated
            .iter()
            .any(|connector| *connector.name() == target.connector)
    };
    for route in settings
        .routes
        .iter_mut()
        .filter(|route| route.targets.iter().any(gone))
    {
        route.targets.retain(|target| !gone(target));
        route.targets.extend_from_slice(default);
    }
    if !simulated.is_empty() {
        return;
    }
    if let Some(route) = settings
        .routes
        .iter_mut()
        .find(|route| route.name.value == "default")
    {
        route.targets = default.to_vec();
    } else {
        settings.routes.push(RouteSettings {
            name: At {
                value: "default".to_owned(),
                place: reader.place(&(0..0)),
            },
            customers: Customers::All,
            targets: default.to_vec(),
            ..RouteSettings::default()
        });
    }
}

/// Makes all carriers that name the route its targets.
fn serve_route(settings: &mut Settings, name: &At<String>, given: &[Given], reader: &mut Reader) {
    let known: Vec<String> = settings
        .routes
        .iter()
        .map(|route| route.name.value.clone())
        .collect();
    let Some(route) = settings.routes.iter_mut().find(|route| route.name == *name) else {
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let what = format!("there is no route {:?}", name.value);
        reader.complain_at(name.place, what, table::nearest(&name.value, &known));
        return;
    };
    let serving = given
        .iter()
        .filter(|carrier| carrier.route.as_ref() == Some(name));
    route.targets = serving.map(target).collect();
}

/// The connector that a URL describes, read as a section of a file would be.
fn read<'a>(number: usize, url: &'a str, reader: &mut Reader) -> Option<Given> {
    reader.begin("--carrier", url);
    let before = reader.complaints();
    let parts = split(url, reader)?;
    let mut table = DeTable::new();
    let mut put = |key: &'static str, span: Range<usize>, value: DeValue<'a>| {
        table.insert(
            Spanned::new(span.clone(), Cow::Borrowed(key)),
            Spanned::new(span, value),
        );
    };
    let text = |text: String| DeValue::String(Cow::Owned(text));
    put("name", 0..url.len(), text(format!("carrier{number}")));
    put(
        "hosts",
        parts.host.clone(),
        text(url[parts.host.clone()].to_owned()),
    );
    for (key, span) in [("system_id", parts.system_id), ("password", parts.password)] {
        put(key, span.clone(), text(decoded(url, span, key, reader)?));
    }
    if parts.tls {
        put("tls", 0..0, DeValue::Boolean(true));
    }
    let mut route = None;
    for (key, span) in parameters(url, parts.query, reader) {
        let value = decoded(url, span.clone(), key, reader)?;
        if key == ROUTE {
            route = Some(At {
                value,
                place: reader.place(&span),
            });
        } else {
            put(key, span.clone(), parameter(key, &url[span], value));
        }
    }
    let mut connector = ConnectorSettings::default();
    Rows::new().read(&mut connector, &table, &(0..0), reader);
    connector.settle(
        &Written {
            table: &table,
            header: 0..0,
            directory: Path::new(""),
        },
        reader,
    );
    (reader.complaints() == before).then_some(Given { connector, route })
}

/// A URL in its parts, each a range of its octets, still percent-encoded.
struct Parts {
    tls: bool,
    system_id: Range<usize>,
    password: Range<usize>,
    host: Range<usize>,
    query: Range<usize>,
}

/// Finds the parts. Complaints never repeat the URL: it holds a password.
fn split(url: &str, reader: &mut Reader) -> Option<Parts> {
    let schemes = [("smpp://", false), ("smpps://", true)];
    let Some((scheme, tls)) = schemes
        .into_iter()
        .find(|(scheme, _)| url.starts_with(scheme))
    else {
        reader.complain(
            &(0..0),
            "a carrier URL begins with neither smpp:// nor smpps://",
            FORM,
        );
        return None;
    };
    let start = scheme.len();
    let end = url[start..]
        .find(['/', '?', '#'])
        .map_or(url.len(), |length| start + length);
    let Some(at) = url[start..end].rfind('@').map(|length| start + length) else {
        reader.complain(
            &(start..end),
            "a carrier URL has no SYSTEM_ID:PASSWORD@",
            FORM,
        );
        return None;
    };
    let Some(colon) = url[start..at].find(':').map(|length| start + length) else {
        reader.complain(&(start..at), "a carrier URL has no password", FORM);
        return None;
    };
    let query = match url[end..].strip_prefix('/').unwrap_or(&url[end..]) {
        "" => url.len()..url.len(),
        rest if rest.starts_with('?') => url.len() - rest.len() + 1..url.len(),
        _ => {
            reader.complain(
                &(end..url.len()),
                "a carrier URL has a path",
                "remove everything between the port and the ?",
            );
            return None;
        }
    };
    Some(Parts {
        tls,
        system_id: start..colon,
        password: colon + 1..at,
        host: at + 1..end,
        query,
    })
}

/// The parameters, each as the key that it stands for and the range of its value. Complains of what is none.
fn parameters(
    url: &str,
    query: Range<usize>,
    reader: &mut Reader,
) -> Vec<(&'static str, Range<usize>)> {
    let mut found: Vec<(&'static str, Range<usize>)> = Vec::new();
    let mut start = query.start;
    for pair in url[query].split('&') {
        let span = start..start + pair.len();
        start = span.end + 1;
        if pair.is_empty() {
            continue;
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let Some(key) = PARAMETERS.into_iter().find(|known| *known == name) else {
            let what = format!("{name} is no parameter of a carrier URL");
            reader.complain(&span, what, table::nearest(name, &PARAMETERS));
            continue;
        };
        if found.iter().any(|(other, _)| *other == key) {
            reader.complain(
                &span,
                format!("{name} is given twice"),
                "remove one of them",
            );
            continue;
        }
        found.push((key, span.end - value.len()..span.end));
    }
    found
}

/// The value of a parameter as a file would have it: `written` as it stands in the URL, `text` decoded.
fn parameter<'a>(key: &str, written: &'a str, text: String) -> DeValue<'a> {
    let number = !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
    match (key, text.as_str()) {
        ("insecure", "1" | "true") => DeValue::Boolean(true),
        ("insecure", "0" | "false") => DeValue::Boolean(false),
        // Seconds, where files write a time with its unit.
        ("reconnect_max", seconds) if number => DeValue::String(Cow::Owned(format!("{seconds}s"))),
        ("window" | "binds" | "tps", _) if number => {
            DeValue::parse(written).map_or(DeValue::String(Cow::Owned(text)), Spanned::into_inner)
        }
        (_, _) => DeValue::String(Cow::Owned(text)),
    }
}

fn decoded(url: &str, span: Range<usize>, key: &str, reader: &mut Reader) -> Option<String> {
    match percent_decode_str(&url[span.clone()]).decode_utf8() {
        Ok(text) => Some(text.into_owned()),
        Err(_) => {
            reader.complain(
                &span,
                format!("{key} is not UTF-8"),
                "percent-encode it as UTF-8",
            );
            None
        }
    }
}
