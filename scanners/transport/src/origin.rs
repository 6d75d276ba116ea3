//! Which origins may be asked (NET-2), and which addresses each may have (NET-3).

use std::net::IpAddr;

use scan_contract::Cause;
use url::{Host, Url};

use crate::address::{self, Guard};
use crate::settings::{OriginRule, Reach, Settings};

/// Longest host name that is put into a message.
const SHOWN: usize = 120;

/// The declared origins of one door.
#[derive(Debug)]
pub(crate) struct Origins {
    rules: Vec<OriginRule>,
}

/// `scheme://host:port` of an address, for messages. Path, query and user information never get there.
pub(crate) fn shown(url: &Url) -> String {
    let host: String = url.host_str().unwrap_or("-").chars().take(SHOWN).collect();
    let port = url.port_or_known_default().map_or_else(|| String::from("-"), |port| port.to_string());
    format!("{}://{host}:{port}", url.scheme())
}

/// `host:port` of an address, for messages.
pub(crate) fn shown_host(url: &Url) -> String {
    let shown = shown(url);
    shown.split_once("://").map_or(shown.clone(), |(_, host)| String::from(host))
}

/// Whether two addresses have scheme, host and port in common.
pub(crate) fn same(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host_str() == other.host_str()
        && one.port_or_known_default() == other.port_or_known_default()
}

impl Origins {
    /// The rules of `settings`.
    ///
    /// # Errors
    /// `Needs` for rules that cannot hold: none at all, another scheme, plain text that does not stay on this machine,
    /// a wildcard over a whole top-level domain.
    pub(crate) fn new(settings: &Settings) -> Result<Self, Cause> {
        let needs = |what: String| Cause::Needs { what };
        if settings.origins.is_empty() {
            return Err(needs(format!("an origin for {}", settings.system)));
        }
        for rule in &settings.origins {
            check_rule(rule, settings.connection.plain_to_loopback).map_err(needs)?;
        }
        let rules =
            settings.origins.iter().map(|rule| OriginRule { host: rule.host.to_ascii_lowercase(), ..rule.clone() });
        Ok(Self { rules: rules.collect() })
    }

    /// Refuses an address that matches no rule, and one whose host is an address that the rule does not reach.
    ///
    /// # Errors
    /// `Malformed` naming both origins; `Unreachable` naming the kind of address.
    pub(crate) fn check(&self, url: &Url) -> Result<(), Cause> {
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Cause::Malformed { what: format!("user information in an address of {}", shown(url)) });
        }
        let Some(rule) = self.rules.iter().find(|rule| matches(rule, url)) else {
            return Err(self.foreign(url));
        };
        let literal = match url.host() {
            Some(Host::Ipv4(ip)) => IpAddr::V4(ip),
            Some(Host::Ipv6(ip)) => IpAddr::V6(ip),
            Some(Host::Domain(_)) | None => return Ok(()),
        };
        address::judge(literal, guard(rule)).map_err(|why| Cause::Unreachable {
            step: format!("check the address of {}", shown_host(url)),
            detail: format!("{why} is refused"),
        })
    }

    /// The rules that name `host`, as what its addresses may be. Several rules: all of them must agree.
    pub(crate) fn guards(&self, host: &str) -> Vec<Guard> {
        self.rules.iter().filter(|rule| host_fits(&rule.host, host)).map(guard).collect()
    }

    fn foreign(&self, url: &Url) -> Cause {
        let declared: Vec<String> =
            self.rules.iter().take(4).map(|rule| format!("{}://{}:{}", rule.scheme, rule.host, rule.port)).collect();
        let more = if self.rules.len() > 4 { " and others" } else { "" };
        Cause::Malformed {
            what: format!(
                "another origin: asked for {}, declared {}{more}; nothing was sent",
                shown(url),
                declared.join(", ")
            ),
        }
    }
}

fn check_rule(rule: &OriginRule, plain_to_loopback: bool) -> Result<(), String> {
    let shown: String = rule.host.chars().take(SHOWN).collect();
    let suffix = rule.host.strip_prefix("*.");
    if rule.host.is_empty() || suffix.unwrap_or(&rule.host).contains('*') {
        return Err(format!("a host name instead of {shown:?}"));
    }
    if suffix.is_some_and(|suffix| suffix.split('.').filter(|label| !label.is_empty()).count() < 2) {
        return Err(format!("a narrower host name than {shown}"));
    }
    match rule.scheme.as_str() {
        "https" => Ok(()),
        "http" if rule.reach == Reach::MetadataService => Ok(()),
        "http" if plain_to_loopback && is_loopback(&rule.host) => Ok(()),
        "http" => Err(format!(
            "https for {shown}: plain text goes to a loopback address only, and only with connection.plain_to_loopback"
        )),
        _ => Err(format!("https for {shown}")),
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn matches(rule: &OriginRule, url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    rule.scheme == url.scheme() && url.port_or_known_default() == Some(rule.port) && host_fits(&rule.host, host)
}

fn host_fits(pattern: &str, host: &str) -> bool {
    let Some(suffix) = pattern.strip_prefix("*.") else { return !host.is_empty() && pattern == host };
    let Some(labels) = host.strip_suffix(suffix).and_then(|rest| rest.strip_suffix('.')) else { return false };
    !labels.is_empty() && labels.split('.').all(|label| !label.is_empty())
}

fn guard(rule: &OriginRule) -> Guard {
    match (rule.scheme.as_str(), rule.reach) {
        (_, Reach::MetadataService) => Guard::Metadata,
        ("http", _) => Guard::Loopback,
        (_, Reach::Public) => Guard::Public,
        (_, Reach::Internal) => Guard::Internal,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dialect::Dialect;
    use crate::settings::Connection;

    fn rule(scheme: &str, host: &str, port: u16, reach: Reach) -> OriginRule {
        OriginRule { scheme: scheme.into(), host: host.into(), port, reach }
    }

    fn origins(rules: Vec<OriginRule>, plain: bool) -> Result<Origins, Cause> {
        let connection = Connection { plain_to_loopback: plain, ..Connection::default() };
        Origins::new(&Settings::new("s", rules, Dialect::Plain, connection))
    }

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn scheme_host_and_port_must_all_match() {
        let origins = origins(vec![rule("https", "api.example", 443, Reach::Public)], false).unwrap();
        assert_eq!(origins.check(&url("https://api.example/a?b=c")), Ok(()));
        assert_eq!(origins.check(&url("https://API.example:443/")), Ok(()));
        for other in [
            "http://api.example/",
            "https://api.example:8443/",
            "https://api.example.evil.test/",
            "https://evil.test/api.example",
            "https://api.example./",
            "https://api.example@evil.test/",
            "https://user@api.example/",
            "https://user:word@api.example/",
        ] {
            assert!(matches!(origins.check(&url(other)), Err(Cause::Malformed { .. })), "{other}");
        }
    }

    #[test]
    fn the_refusal_names_both_origins_and_nothing_else() {
        let origins = origins(vec![rule("https", "api.example", 443, Reach::Public)], false).unwrap();
        let says = origins.check(&url("https://evil.test:8443/canary?token=canary#canary")).unwrap_err().to_string();
        assert!(says.contains("https://evil.test:8443") && says.contains("https://api.example:443"), "{says}");
        assert!(!says.contains("canary"), "{says}");
    }

    proptest! {
        #[test]
        fn whatever_passes_has_the_declared_origin(text in "(https?|ftp)://[a-zA-Z0-9.:@%\\\\/?#\\[\\]-]{0,30}(api\\.example|EXAMPLE|evil\\.test)[:/.?#@a-z0-9%]{0,12}") {
            let origins = origins(vec![rule("https", "api.example", 443, Reach::Public)], false).unwrap();
            if let Ok(url) = Url::parse(&text)
                && origins.check(&url).is_ok()
            {
                prop_assert_eq!(url.scheme(), "https");
                prop_assert_eq!(url.host_str(), Some("api.example"));
                prop_assert_eq!(url.port_or_known_default(), Some(443));
                prop_assert!(url.username().is_empty() && url.password().is_none());
            }
        }
    }

    #[test]
    fn a_wildcard_takes_one_or_more_labels_below_its_suffix() {
        let origins = origins(vec![rule("https", "*.amazonaws.com", 443, Reach::Public)], false).unwrap();
        for good in ["https://iam.amazonaws.com/", "https://sts.eu-west-1.amazonaws.com/"] {
            assert_eq!(origins.check(&url(good)), Ok(()), "{good}");
        }
        for bad in ["https://amazonaws.com/", "https://evilamazonaws.com/", "https://iam.amazonaws.com.evil.test/"] {
            assert!(origins.check(&url(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn plain_text_stays_on_this_machine_and_needs_its_flag() {
        assert!(origins(vec![rule("http", "127.0.0.1", 80, Reach::Public)], true).is_ok());
        assert!(origins(vec![rule("http", "[::1]", 80, Reach::Public)], true).is_ok());
        assert!(origins(vec![rule("http", "localhost", 80, Reach::Internal)], true).is_ok());
        assert!(origins(vec![rule("http", "169.254.169.254", 80, Reach::MetadataService)], false).is_ok());
        for (host, flag) in
            [("127.0.0.1", false), ("api.example", true), ("10.0.0.1", true), ("localhost.evil.test", true)]
        {
            let refused = origins(vec![rule("http", host, 80, Reach::Internal)], flag).unwrap_err();
            assert!(matches!(refused, Cause::Needs { .. }), "{host}: {refused}");
        }
    }

    #[test]
    fn rules_that_cannot_hold_are_refused() {
        for host in ["*.com", "*", "", "*.*.example.com", "api.*.com", "*."] {
            assert!(origins(vec![rule("https", host, 443, Reach::Public)], false).is_err(), "{host}");
        }
        assert!(origins(vec![rule("ftp", "api.example", 21, Reach::Public)], false).is_err());
        assert!(origins(Vec::new(), false).is_err());
    }

    #[test]
    fn an_address_as_host_is_judged_before_anything_is_sent() {
        let public = origins(vec![rule("https", "10.0.0.1", 443, Reach::Public)], false).unwrap();
        assert!(matches!(public.check(&url("https://10.0.0.1/")), Err(Cause::Unreachable { .. })));
        let inside = origins(vec![rule("https", "10.0.0.1", 443, Reach::Internal)], false).unwrap();
        assert_eq!(inside.check(&url("https://10.0.0.1/")), Ok(()));
        let metadata = origins(vec![rule("https", "169.254.169.254", 443, Reach::Internal)], false).unwrap();
        assert!(metadata.check(&url("https://169.254.169.254/")).is_err());
    }
}
