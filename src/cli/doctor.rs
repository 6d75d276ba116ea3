//! `holdover doctor`: each line ok, warn or fail, with a remedy. Makes no connection.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::failure::{Failure, chain, shown};
use super::fetch::{self, Fetching};
use super::scan::load_roster;
use super::session::Session;
use crate::config::Config;
use crate::hostile;
use crate::report::ExitCode;
use crate::roster::RosterState;
use crate::store::memory::MemoryStore;
use crate::store::{Store, StoreError};

/// How one check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Ok,
    Warn,
    Fail,
}

#[derive(Debug)]
struct Check {
    health: Health,
    what: &'static str,
    says: String,
    remedy: Option<String>,
}

impl Check {
    fn ok(what: &'static str, says: impl Into<String>) -> Self {
        Self { health: Health::Ok, what, says: says.into(), remedy: None }
    }

    fn warn(what: &'static str, says: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { health: Health::Warn, what, says: says.into(), remedy: Some(remedy.into()) }
    }

    fn fail(what: &'static str, says: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { health: Health::Fail, what, says: says.into(), remedy: Some(remedy.into()) }
    }
}

pub(super) fn run(session: &Session<'_>) -> Result<u8, Failure> {
    let configured = match session.configuration_and_policy().map(|(configured, _)| configured) {
        Ok(configured) => configured,
        Err(Failure::Problems(problems)) => {
            session.say(&line(&Check::fail("configuration", "has mistakes", "mend the places below")))?;
            return Err(Failure::Problems(problems));
        }
        Err(failure) => return Err(failure),
    };
    let config = &configured.config;
    let mut checks = vec![Check::ok(
        "configuration",
        format!("{} (digest {})", config.file.display(), &config.digest[..12.min(config.digest.len())]),
    )];
    checks.push(file_mode("configuration file", &config.file));
    checks.push(match session.rules(Some(config)) {
        Ok(rules) => Check::ok("rules", format!("{} rules, digest {}", rules.iter().count(), &rules.digest()[..12])),
        Err(failure) => failed("rules", &failure),
    });
    checks.push(match session.policy(config) {
        Ok(policy) => Check::ok("policy", format!("{} rules", policy.rules().count())),
        Err(failure) => failed("policy", &failure),
    });
    let mistakes = session.exceptions(config).problems().len();
    checks.push(match (&config.exceptions, mistakes) {
        (None, _) => Check::ok("exceptions", "no file is configured"),
        (Some(path), 0) => Check::ok("exceptions", hostile::line(&path.display().to_string())),
        (Some(path), _) => {
            let says = format!("{} has {mistakes} mistakes", hostile::line(&path.display().to_string()));
            Check::fail("exceptions", says, "holdover exceptions check")
        }
    });
    checks.push(clock(session, config));
    checks.push(Check::ok("tz database", chrono_tz::IANA_TZDB_VERSION));
    checks.extend(state(session, config));
    checks.extend(roster(session, config));
    checks.extend(sources(session, config));
    checks.push(proxies(session));
    let mut text = String::new();
    for check in &checks {
        text.push_str(&line(check));
    }
    session.say(&text)?;
    let worst_is_fail = checks.iter().any(|check| check.health == Health::Fail);
    Ok(if worst_is_fail { ExitCode::Gaps.code() } else { ExitCode::Clean.code() })
}

fn line(check: &Check) -> String {
    let word = match check.health {
        Health::Ok => "ok  ",
        Health::Warn => "warn",
        Health::Fail => "FAIL",
    };
    let remedy =
        check.remedy.as_ref().map_or_else(String::new, |remedy| format!("\n       -> {}", hostile::line(remedy)));
    format!("{word}  {:18} {}{remedy}\n", check.what, hostile::line(&check.says))
}

fn failed(what: &'static str, failure: &Failure) -> Check {
    match failure {
        Failure::Problems(problems) => {
            Check::fail(what, shown(problems).trim_end().replace('\n', " / "), "holdover config check")
        }
        other => Check::fail(what, format!("{other:?}"), "see above"),
    }
}

fn file_mode(what: &'static str, file: &Path) -> Check {
    match std::fs::metadata(file) {
        Ok(metadata) if metadata.mode() & 0o002 != 0 => Check::fail(
            what,
            format!("{} can be written by everybody", file.display()),
            format!("chmod o-w {}", file.display()),
        ),
        Ok(_) => Check::ok(what, "not writable by everybody"),
        Err(error) => Check::fail(what, format!("{}: {error}", file.display()), "check the path"),
    }
}

fn clock(session: &Session<'_>, config: &Config) -> Check {
    let (clock, chosen) = session.clock(config);
    let now = clock.now().format("%Y-%m-%dT%H:%M:%SZ");
    if chosen {
        Check::warn("clock", format!("{now}, chosen by run.as_of or --as-of"), "remove it for real runs")
    } else {
        Check::ok("clock", now.to_string())
    }
}

fn state(session: &Session<'_>, config: &Config) -> Vec<Check> {
    let path = config.state_dir.display().to_string();
    if !config.state_dir.exists() {
        return vec![Check::ok("state directory", format!("{path} does not exist yet; the first scan makes it"))];
    }
    let mut checks = Vec::new();
    match session.store_read_only(config) {
        Ok(store) => {
            checks.push(Check::ok("store", format!("{path} opens and is sound")));
            checks.push(match store.verify_ledger() {
                Ok(check) => Check::ok("ledger", format!("{} records, serial {}", check.records, check.serial)),
                Err(error) => {
                    Check::fail("ledger", chain(&error), "keep the state directory and look for who changed it")
                }
            });
        }
        Err(Failure::Store(StoreError::Missing { .. })) => {
            checks.push(Check::ok("store", format!("{path} holds no store yet")));
        }
        Err(Failure::Store(error)) => checks.push(Check::fail(
            "store",
            chain(&error),
            "see the message; never delete the state to get a green run",
        )),
        Err(other) => checks.push(failed("store", &other)),
    }
    match rustix::fs::statvfs(&config.state_dir) {
        Ok(space) => {
            let free_mib = space.f_bavail.saturating_mul(space.f_frsize) / (1024 * 1024);
            checks.push(if free_mib < 512 {
                Check::warn(
                    "disk",
                    format!("{free_mib} MiB free at {path}"),
                    "a run that cannot write ends with 6: make room",
                )
            } else {
                Check::ok("disk", format!("{free_mib} MiB free at {path}"))
            });
        }
        Err(error) => checks.push(Check::warn("disk", format!("{path}: {error}"), "check the path")),
    }
    checks
}

fn roster(session: &Session<'_>, config: &Config) -> Vec<Check> {
    let store: Box<dyn Store> = match session.store_read_only(config) {
        Ok(store) => Box::new(store),
        Err(_) => Box::new(MemoryStore::new("none")),
    };
    let documents = session.documents(config);
    let now = session.clock(config).0.now();
    let ways = session.ways(config, None, crate::scanners::Network::Allowed);
    let loaded = fetch::fetched(config, documents.as_ref(), Fetching::Asked(&ways))
        .and_then(|(documents, _)| load_roster(config, &documents, store.as_ref(), now));
    match loaded {
        Ok(loaded) if loaded.state == RosterState::Accepted && !loaded.surge => {
            vec![Check::ok("roster", format!("{} people, {} left", loaded.facts.people, loaded.facts.leavers))]
        }
        Ok(loaded) => {
            let gates: Vec<String> = loaded
                .facts
                .gates
                .iter()
                .filter(|gate| gate.holds)
                .map(|gate| format!("{} {}", gate.gate, gate.says))
                .collect();
            vec![Check::fail("roster", format!("not accepted: {}", gates.join("; ")), "holdover roster validate")]
        }
        Err(failure) => vec![failed("roster", &failure)],
    }
}

fn sources(session: &Session<'_>, config: &Config) -> Vec<Check> {
    let ways = session.ways(config, None, crate::scanners::Network::Allowed);
    if let Err(failure) = super::runtime::descriptors_to_spare() {
        return vec![failed("runtime", &failure)];
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return vec![Check::fail("runtime", error.to_string(), "check the limits of this process")],
    };
    config
        .systems
        .iter()
        .map(|system| {
            let scanner = match crate::scanners::build(system, &ways) {
                Ok(scanner) => scanner,
                Err(cause) => return Check::fail("system", format!("{}: {cause}", system.id), cause.help()),
            };
            let (identity, closed) = runtime.block_on(async { (scanner.identify().await, scanner.close().await) });
            if let Err(cause) = closed {
                tracing::warn!(event = "sign-out-failed", %cause);
            }
            match identity {
                Ok(identity) if identity.declared == identity.found => {
                    Check::ok("system", format!("{} is {}", system.id, identity.found))
                }
                Ok(identity) => Check::fail(
                    "system",
                    format!("{}: declared {}, found {}", system.id, identity.declared, identity.found),
                    "point the configuration at the right source",
                ),
                Err(cause) => Check::fail("system", format!("{}: {cause}", system.id), cause.help()),
            }
        })
        .collect()
}

fn proxies(session: &Session<'_>) -> Check {
    let set: Vec<&str> = ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"]
        .into_iter()
        .filter(|name| session.environment.variable(name).is_some())
        .collect();
    if set.is_empty() {
        Check::ok(
            "proxies",
            "none in the environment, and none would be used: proxies come from the configuration only",
        )
    } else {
        Check::warn(
            "proxies",
            format!("{} set in the environment and ignored", set.join(", ")),
            "proxies come from the configuration only",
        )
    }
}
