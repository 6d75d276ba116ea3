//! Checks of the service.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use scan_contract::SystemId;

use super::super::cron::CronExpression;
use super::super::raw::serve::{RawCatchUp, RawSchedule, RawServe, RawServeTls};
use super::super::valid::SystemConfig;
use super::super::valid_serve::{CatchUp, ScheduleConfig, ServeConfig, ServeTls};
use super::Check;
use super::connection::secret;

/// Where it listens unless told otherwise.
const LISTEN: &str = "127.0.0.1:9911";
const WATCH: Duration = Duration::from_secs(30);
/// Shorter looks at files would only cost.
const SHORTEST_WATCH: Duration = Duration::from_secs(1);
/// A start that moves further than this is another entry.
const LARGEST_JITTER: Duration = Duration::from_hours(24);

/// Defaults below `serve`, as `config show` writes them.
pub(in crate::config) const DEFAULTS: [(&str, &str); 4] =
    [("catch_up", "once"), ("listen", LISTEN), ("run_on_request", "true"), ("watch", "30s")];

pub(super) fn serve(check: &mut Check<'_>, raw: Option<RawServe>, systems: &[SystemConfig]) -> Option<ServeConfig> {
    let raw = raw?;
    let schedule = schedule(check, raw.schedule, systems);
    let tls = raw.tls.map(|raw| tls(check, raw));
    let bearer = raw.bearer.map(|raw| secret(check, "/serve/bearer", raw));
    let client_ca = matches!(&tls, Some(Some(ServeTls { client_ca: Some(_), .. })));
    let listen = listen(check, raw.listen.as_deref(), tls.is_some(), bearer.is_some() || client_ca);
    let names = names(check, &raw.names);
    let watch = raw.watch.map_or(WATCH, |watch| watch.0);
    if !watch.is_zero() && watch < SHORTEST_WATCH {
        check.say("/serve/watch", "is shorter than a second");
    }
    if schedule.is_empty() && !(bearer.is_some() || client_ca) {
        let help = "add an entry such as `schedule: [{ cron: \"30 2 * * *\", time_zone: Europe/Berlin }]`";
        check.say_help("/serve", "nothing would ever start a run: no schedule, and nobody could sign in", help);
    }
    Some(ServeConfig {
        schedule,
        catch_up: match raw.catch_up {
            None | Some(RawCatchUp::Once) => CatchUp::Once,
            Some(RawCatchUp::Never) => CatchUp::Never,
        },
        listen: listen?,
        names,
        // What was written and is wrong has been told; it never falls back to nothing.
        tls: match tls {
            Some(tls) => Some(tls?),
            None => None,
        },
        bearer: match bearer {
            Some(bearer) => Some(bearer?),
            None => None,
        },
        run_on_request: raw.run_on_request.unwrap_or(true),
        watch: Some(watch).filter(|watch| !watch.is_zero()),
    })
}

/// A wider bind than loopback needs encryption and somebody who is known (MET-1).
fn listen(check: &mut Check<'_>, text: Option<&str>, encrypted: bool, known: bool) -> Option<SocketAddr> {
    let text = text.unwrap_or(LISTEN);
    let Ok(address) = text.parse::<SocketAddr>() else {
        let help = "digits and a port, such as 127.0.0.1:9911 or [::1]:9911; a name is not looked up";
        let says = format!("\"{}\" is no address with a port", check.shown("/serve/listen", text));
        check.say_help("/serve/listen", says, help);
        return None;
    };
    if address.ip().to_canonical().is_loopback() {
        return Some(address);
    }
    let missing = match (encrypted, known) {
        (true, true) => return Some(address),
        (false, true) => "`serve.tls`",
        (true, false) => "`serve.bearer` or `serve.tls.client_ca`",
        (false, false) => "`serve.tls`, and `serve.bearer` or `serve.tls.client_ca`",
    };
    let address = check.shown("/serve/listen", address);
    let says = format!("{address} is reached from other machines, so it needs {missing}");
    check.say_help("/serve/listen", says, "or listen on 127.0.0.1 behind a proxy that does both");
    None
}

fn tls(check: &mut Check<'_>, raw: RawServeTls) -> Option<ServeTls> {
    let key = secret(check, "/serve/tls/key", raw.key);
    Some(ServeTls {
        certificate: PathBuf::from(raw.certificate),
        key: key?,
        client_ca: raw.client_ca.map(PathBuf::from),
    })
}

fn names(check: &mut Check<'_>, raw: &[String]) -> Vec<String> {
    let good = |name: &str| {
        !name.is_empty()
            && name.len() <= 253
            && name.split('.').all(|label| {
                !label.is_empty()
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            })
    };
    for (position, name) in raw.iter().enumerate() {
        if !good(name) {
            let help = "a bare name such as holdover.acme.example, without scheme and port";
            let pointer = format!("/serve/names/{position}");
            let says = format!("\"{}\" is no host name", check.shown(&pointer, name));
            check.say_help(&pointer, says, help);
        }
    }
    raw.iter().map(|name| name.to_ascii_lowercase()).collect()
}

fn schedule(check: &mut Check<'_>, raw: Vec<RawSchedule>, systems: &[SystemConfig]) -> Vec<ScheduleConfig> {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut entries = Vec::new();
    for (position, raw) in raw.into_iter().enumerate() {
        let pointer = format!("/serve/schedule/{position}");
        let name = raw.name.unwrap_or_else(|| format!("schedule-{}", position + 1));
        if !seen.insert(name.clone()) {
            let shown = check.shown(&format!("{pointer}/name"), &name);
            check.say(&pointer, format!("two entries are called {shown}"));
        }
        let cron = match CronExpression::parse(&raw.cron) {
            Ok(cron) => Some(cron),
            Err(says) => {
                let help = "minute, hour, day of month, month, day of week, such as \"30 2 * * *\"";
                let pointer = format!("{pointer}/cron");
                let shown = check.shown(&pointer, crate::hostile::short(&raw.cron, 80));
                // What is wrong with a part names the part.
                let says = check.document.reference(&pointer).map_or_else(|| format!(": {says}"), |_| String::new());
                check.say_help(&pointer, format!("\"{shown}\" is no cron expression{says}"), help);
                None
            }
        };
        let time_zone = match &raw.time_zone {
            Some(name) => check.zone(&format!("{pointer}/time_zone"), name),
            None => Some(chrono_tz::Tz::UTC),
        };
        let jitter = raw.jitter.map_or(Duration::ZERO, |jitter| jitter.0);
        if jitter > LARGEST_JITTER {
            check.say(&format!("{pointer}/jitter"), "is longer than a day");
        }
        let chosen = chosen(check, &pointer, raw.systems, systems);
        if !chosen.is_empty() && chosen.len() < systems.len() {
            let says =
                "accounts that are only recognised through another system are not recognised in a run without it";
            let help =
                "name a system together with the one its accounts are recognised by, such as the sign-on service";
            check.warn(&format!("{pointer}/systems"), says, help);
        }
        if let (Some(cron), Some(time_zone)) = (cron, time_zone) {
            entries.push(ScheduleConfig { name, cron, time_zone, jitter, systems: chosen });
        }
    }
    if !entries.is_empty() && entries.iter().all(|entry| !entry.systems.is_empty()) {
        let named = |id: &SystemId| entries.iter().any(|entry| entry.systems.contains(id));
        for system in systems.iter().filter(|system| !named(&system.id)) {
            let id = check.shown_in("/systems", "id", system.id.as_str());
            let says = format!("no entry reads {id}: the service never looks there");
            check.warn("/serve/schedule", says, "add it to an entry, or leave `systems` out of one to read everything");
        }
    }
    entries
}

fn chosen(check: &mut Check<'_>, pointer: &str, raw: Option<Vec<String>>, systems: &[SystemConfig]) -> Vec<SystemId> {
    let mut chosen = BTreeSet::new();
    let known = |id: &str| systems.iter().any(|system| system.id.as_str() == id);
    for (position, id) in raw.into_iter().flatten().enumerate() {
        // Where the systems themselves do not stand, each of them would be told twice.
        if !systems.is_empty() && !known(&id) {
            let here = format!("{pointer}/systems/{position}");
            let listed: Vec<_> = check.texts("/systems", "id").into_iter().filter(|(id, _)| known(id)).collect();
            let help = check.did_you_mean(&here, &id, &listed, "configured");
            check.say_help(&here, format!("no system is called {}", check.shown(&here, &id)), help);
        }
        chosen.insert(id);
    }
    chosen.into_iter().map(SystemId::from).collect()
}
