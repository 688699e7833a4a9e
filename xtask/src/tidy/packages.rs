//! Which packages come in: the bans, licences and sources of `deny.toml`, held against `cargo metadata`. cargo-deny says
//! more from the same file; this is the part that needs nothing installed.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Problem;
use super::tree::Tree;
use crate::shell::{self, Failure};

const RULES: &str = "deny.toml";

pub(super) fn check(tree: &Tree) -> Result<Vec<Problem>, Failure> {
    let text = tree.text(RULES).unwrap_or_default();
    let rules: Rules = match toml::from_str(text) {
        Ok(rules) => rules,
        Err(error) => return Ok(vec![Problem::new(RULES, 0, error.to_string())]),
    };
    let mut command = shell::cargo();
    command.args([
        "metadata",
        "--format-version",
        "1",
        "--locked",
        "--all-features",
    ]);
    for target in &rules.graph.targets {
        command.args(["--filter-platform", target]);
    }
    let printed = shell::output(&mut command)?;
    let metadata = serde_json::from_str(&printed);
    let metadata = metadata.map_err(|error| Failure::new(format!("cargo metadata: {error}")))?;
    Ok(held_against(&rules, &metadata))
}

/// What of `deny.toml` is read here; cargo-deny reads the rest.
#[derive(Deserialize)]
struct Rules {
    graph: Graph,
    licenses: Licenses,
    bans: Bans,
}

#[derive(Deserialize)]
struct Graph {
    targets: Vec<String>,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    /// The packages that may depend on it all the same.
    #[serde(default)]
    wrappers: Vec<String>,
    reason: String,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    license: Option<String>,
    source: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    dependencies: Vec<String>,
}

fn held_against(rules: &Rules, metadata: &Metadata) -> Vec<Problem> {
    let named = metadata.packages.iter().map(|p| (p.id.as_str(), p));
    let packages: BTreeMap<&str, &Package> = named.collect();
    let mut found = Vec::new();
    for node in &metadata.resolve.nodes {
        let package = packages[node.id.as_str()];
        found.extend(licence(&rules.licenses, package));
        found.extend(source(package));
        for dependency in &node.dependencies {
            found.extend(ban(&rules.bans, package, packages[dependency.as_str()]));
        }
    }
    let problem = |what| Problem::new("Cargo.lock", 0, what);
    found.into_iter().map(problem).collect()
}

fn ban(bans: &Bans, user: &Package, used: &Package) -> Option<String> {
    let ban = bans.deny.iter().find(|ban| ban.name == used.name)?;
    let what = format!(
        "`{}` uses `{}`, which {RULES} bans: {}",
        user.name, used.name, ban.reason
    );
    (!ban.wrappers.contains(&user.name)).then_some(what)
}

fn licence(licenses: &Licenses, package: &Package) -> Option<String> {
    let expression = package.license.as_deref().unwrap_or_default();
    let what = format!(
        "`{}` has the licence `{expression}`, which {RULES} does not allow",
        package.name
    );
    (!Spdx::new(expression).met_by(&licenses.allow)).then_some(what)
}

/// Ours have none, the others have a registry's.
fn source(package: &Package) -> Option<String> {
    let source = package.source.as_deref().unwrap_or("registry+");
    let what = format!(
        "`{}` comes from `{source}`: take a release from a registry",
        package.name
    );
    (!source.starts_with("registry+") && !source.starts_with("sparse+")).then_some(what)
}

/// A licence expression: AND binds closer than OR; `/` is an old way to write OR.
struct Spdx {
    words: Vec<String>,
}

impl Spdx {
    fn new(expression: &str) -> Spdx {
        let spaced = expression
            .replace('(', " ( ")
            .replace(')', " ) ")
            .replace('/', " OR ");
        let mut words: Vec<String> = spaced.split_whitespace().map(str::to_owned).collect();
        words.reverse();
        Spdx { words }
    }

    fn met_by(mut self, allow: &[String]) -> bool {
        let met = self.any(allow);
        met && self.words.is_empty()
    }

    fn any(&mut self, allow: &[String]) -> bool {
        let mut met = self.all(allow);
        while self.takes("OR") {
            met |= self.all(allow);
        }
        met
    }

    fn all(&mut self, allow: &[String]) -> bool {
        let mut met = self.one(allow);
        while self.takes("AND") {
            met &= self.one(allow);
        }
        met
    }

    fn one(&mut self, allow: &[String]) -> bool {
        if self.takes("(") {
            let met = self.any(allow);
            return self.takes(")") && met;
        }
        let Some(mut name) = self.words.pop() else {
            return false;
        };
        if self.takes("WITH") {
            let exception = self.words.pop().unwrap_or_default();
            name = format!("{name} WITH {exception}");
        }
        allow.contains(&name)
    }

    fn takes(&mut self, word: &str) -> bool {
        let next = self.words.last().is_some_and(|next| next == word);
        if next {
            self.words.pop();
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::{Metadata, Rules, Spdx, held_against};

    const RULES: &str = r#"
        graph.targets = []
        licenses.allow = ["MIT", "ISC"]
        [bans]
        deny = [
            { crate = "openssl", reason = "one TLS stack" },
            { crate = "time", wrappers = ["rcgen"], reason = "one time library" },
        ]
    "#;

    /// Packages in which `user` uses `used`.
    #[track_caller]
    fn planted(user: &str, used: &str, license: &str, source: &str) -> Vec<String> {
        let rules: Rules = toml::from_str(RULES).expect("rules");
        let package = |name: &str, license: &str, source: &str| serde_json::json!({"id": name, "name": name, "license": license, "source": source});
        let json = serde_json::json!({
            "packages": [package(user, "MIT", "registry+x"), package(used, license, source)],
            "resolve": {"nodes": [
                {"id": user, "dependencies": [used]},
                {"id": used, "dependencies": []},
            ]},
        });
        let metadata: Metadata = serde_json::from_value(json).expect("metadata");
        let problems = held_against(&rules, &metadata);
        problems.into_iter().map(|problem| problem.what).collect()
    }

    #[test]
    fn a_banned_package_is_found_and_its_user_named() {
        let found = planted("hyper-tls", "openssl", "MIT", "registry+x");
        assert_eq!(
            found,
            ["`hyper-tls` uses `openssl`, which deny.toml bans: one TLS stack"]
        );
    }

    #[test]
    fn a_wrapper_may_use_what_others_may_not() {
        assert!(planted("rcgen", "time", "MIT", "registry+x").is_empty());
        assert_eq!(planted("gateway", "time", "MIT", "registry+x").len(), 1);
    }

    #[test]
    fn a_licence_that_is_not_allowed_is_found() {
        let found = planted("a", "b", "GPL-3.0", "registry+x");
        assert_eq!(
            found,
            ["`b` has the licence `GPL-3.0`, which deny.toml does not allow"]
        );
        assert_eq!(planted("a", "b", "", "registry+x").len(), 1);
    }

    #[test]
    fn a_package_from_elsewhere_is_found() {
        assert_eq!(planted("a", "b", "MIT", "git+somewhere").len(), 1);
    }

    #[test]
    fn licence_expressions_are_met_or_not() {
        let allow = ["MIT", "ISC"].map(str::to_owned);
        for (expression, met) in [
            ("MIT", true),
            ("MIT OR GPL-3.0", true),
            ("GPL-3.0/MIT", true),
            ("MIT AND GPL-3.0", false),
            ("MIT AND ISC", true),
            ("GPL-3.0 OR MIT AND ISC", true),
            ("(GPL-3.0 OR MIT) AND X", false),
            ("(GPL-3.0 OR MIT) AND ISC", true),
            ("MIT WITH an-exception", false),
            ("Apache-2.0 WITH LLVM-exception OR MIT", true),
            ("(MIT", false),
            ("", false),
        ] {
            assert_eq!(Spdx::new(expression).met_by(&allow), met, "{expression}");
        }
    }
}
