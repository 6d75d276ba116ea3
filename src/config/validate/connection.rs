//! Checks of secrets and connections.

use std::path::{Path, PathBuf};
use std::time::Duration;

use scan_transport::{Connection, Limits, PaceSettings, Proxy, SecretRef, TimeLimits};
use url::Url;

use super::super::raw::connection::{RawConnection, RawPace, RawSecret};
use super::Check;

/// A reference to a secret. The schema knows that there is exactly one
/// key; a program needs an absolute path, since what stands in a search path is not ours to trust.
pub(super) fn secret(check: &mut Check<'_>, pointer: &str, raw: RawSecret) -> Option<SecretRef> {
    let RawSecret { file, env, command } = raw;
    if let Some(command) = command {
        let absolute = command.first().is_some_and(|program| Path::new(program).is_absolute());
        if !absolute {
            let says = "the program of a credential command needs an absolute path";
            check.say_help(&format!("{pointer}/command"), says, "such as [/usr/bin/pass, show, holdover/okta]");
            return None;
        }
        return Some(SecretRef::Command(command));
    }
    match (file, env) {
        (Some(file), _) => Some(SecretRef::File(PathBuf::from(file))),
        (None, Some(name)) => Some(SecretRef::Environment(name)),
        (None, None) => None,
    }
}

/// How a system is reached. `usual` is the pace where nothing is said about it; `None` leaves that to the connector.
pub(super) fn connection(
    check: &mut Check<'_>,
    pointer: &str,
    raw: Option<RawConnection>,
    usual: Option<PaceSettings>,
) -> Connection {
    let Some(raw) = raw else { return Connection { pace: usual, ..Connection::default() } };
    let seconds = |written: Option<crate::yaml::forms::WrittenDuration>, usual: Duration| {
        written.map_or(usual, |written| written.0)
    };
    let limits = TimeLimits::default();
    let time = TimeLimits {
        connect: seconds(raw.connect_timeout, limits.connect),
        idle: seconds(raw.idle_timeout, limits.idle),
        total: seconds(raw.total_timeout, limits.total),
    };
    for (key, value) in [("connect_timeout", time.connect), ("idle_timeout", time.idle), ("total_timeout", time.total)]
    {
        if value.is_zero() {
            check.say(&format!("{pointer}/{key}"), "may not be zero: every request has a limit");
        }
    }
    let body = raw.largest_answer_mib.map_or(Limits::default().body, |mebibytes| mebibytes * 1024 * 1024);
    Connection {
        roots: raw.ca_file.map(PathBuf::from),
        internal: raw.internal.unwrap_or(false),
        plain_to_loopback: raw.plain_to_loopback.unwrap_or(false),
        proxy: raw.proxy.and_then(|text| address(check, &format!("{pointer}/proxy"), &text)).map(|url| Proxy { url }),
        time,
        limits: Limits { body, ..Limits::default() },
        pace: raw.pace.map(|raw| paced(&raw, usual.unwrap_or_default())).or(usual),
    }
}

fn paced(raw: &RawPace, usual: PaceSettings) -> PaceSettings {
    PaceSettings {
        per_second: raw.per_second.unwrap_or(usual.per_second),
        burst: raw.burst.unwrap_or(usual.burst),
        in_flight: raw.in_flight.unwrap_or(usual.in_flight),
        share: raw.share.unwrap_or(usual.share),
        retry_share: raw.retry_share.unwrap_or(usual.retry_share),
        attempts: usual.attempts,
        longest_wait: raw.longest_wait.as_ref().map_or(usual.longest_wait, |written| written.0),
    }
}

/// An address without user information (NET-4): a password there would be logged by everybody on the way.
pub(super) fn address(check: &mut Check<'_>, pointer: &str, text: &str) -> Option<Url> {
    let Ok(url) = Url::parse(text) else {
        check.say_help(pointer, "is no address", "such as https://acme.okta.com");
        return None;
    };
    if !url.username().is_empty() || url.password().is_some() {
        check.conceal(pointer, "an address may not hold a user name or a password", "give them as a secret");
        return None;
    }
    if url.host_str().is_none() || url.query().is_some() || url.fragment().is_some() {
        check.say_help(pointer, "is no bare address", "scheme, host, port and path alone");
        return None;
    }
    Some(url)
}

/// The address of a live system: `https`, or `http` to a loopback address where that was allowed.
pub(super) fn system_address(check: &mut Check<'_>, pointer: &str, text: &str, connection: &Connection) -> Option<Url> {
    let url = address(check, pointer, text)?;
    let loopback = match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    match url.scheme() {
        "https" => Some(url),
        "http" if loopback && connection.plain_to_loopback => Some(url),
        "http" => {
            let help = "use https; plain text is for a loopback address with connection.plain_to_loopback alone";
            check.say_help(pointer, "plain text would show the credential to everybody on the way", help);
            None
        }
        _ => {
            check.say_help(pointer, "is neither https nor http", "such as https://vault.example:8200");
            None
        }
    }
}
