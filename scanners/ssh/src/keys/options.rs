//! The options before a key, parsed as sshd parses them (OpenSSH: `sshauthopt_parse`).
//!
//! Option values can hold secrets (a token in a forced command, a variable): names and restrictions are kept, never
//! the command's arguments or a variable's value.

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};
use scan_contract::{Moment, is_in_calendar};

/// Why sshd refuses the whole line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OptionFault {
    /// Every version of sshd refuses it.
    Refused(&'static str),
    /// The versions we know refuse it; a newer one may not.
    Doubtful(String),
}

/// A forced command. Its arguments can hold secrets and are not kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum ForcedCommand {
    /// None is set.
    #[default]
    None,
    /// One is set; its program is no absolute path and is not shown.
    Some,
    /// One is set, with this program.
    Program(String),
}

/// What the options say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct KeyOptions {
    /// The key is an authority: it signs certificates for this account.
    pub(crate) cert_authority: bool,
    /// The command that runs instead of what the client asks for.
    pub(crate) command: ForcedCommand,
    /// Principals a certificate must have.
    pub(crate) principals: Option<String>,
    /// Hosts the client may come from.
    pub(crate) from: Option<String>,
    /// When sshd begins to refuse the key: the earliest `expiry-time`.
    pub(crate) expires: Option<Moment>,
    /// Everything else that restricts or allows, in words for evidence.
    pub(crate) notes: Vec<String>,
}

/// The span that a local time of an unknown zone can mean: zones lie between -12 h and +14 h of UTC.
const EARLIEST_ZONE_HOURS: i64 = 14;
const ZONE_SPAN_SECONDS: u32 = 26 * 3600;

const FLAGS: [(&str, bool); 9] = [
    ("restrict", false),
    ("cert-authority", false),
    ("port-forwarding", true),
    ("agent-forwarding", true),
    ("x11-forwarding", true),
    ("touch-required", true),
    ("verify-required", true),
    ("pty", true),
    ("user-rc", true),
];

impl KeyOptions {
    /// Parses the options at the start of `text`; they end at the first blank outside quotes.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, OptionFault> {
        let mut options = Self::default();
        let mut rest = text;
        while !ends(rest) {
            rest = options.take(rest)?;
            if ends(rest) {
                break;
            }
            let Some(after) = rest.strip_prefix(b",") else {
                return Err(OptionFault::Doubtful(format!("unknown key option {:?}", word(rest))));
            };
            if after.is_empty() {
                return Err(OptionFault::Refused("the options end with a comma"));
            }
            rest = after;
        }
        Ok(options)
    }

    /// Takes one option off the front.
    fn take<'a>(&mut self, text: &'a [u8]) -> Result<&'a [u8], OptionFault> {
        for (name, negatable) in FLAGS {
            if let Some((rest, negated)) = flag(text, name, negatable) {
                match name {
                    "cert-authority" => self.cert_authority = true,
                    _ => self.notes.push(if negated { format!("no-{name}") } else { name.to_owned() }),
                }
                return Ok(rest);
            }
        }
        if let Some(rest) = value_of(text, "command") {
            let (value, rest) = dequote(rest)?;
            once(self.has_command(), "two command options")?;
            let program = value.split_whitespace().next().filter(|word| word.starts_with('/'));
            self.command = program.map_or(ForcedCommand::Some, |program| ForcedCommand::Program(program.to_owned()));
            return Ok(rest);
        }
        if let Some(rest) = value_of(text, "principals") {
            let (value, rest) = dequote(rest)?;
            once(self.principals.is_some(), "two principals options")?;
            self.principals = Some(value);
            return Ok(rest);
        }
        if let Some(rest) = value_of(text, "from") {
            let (value, rest) = dequote(rest)?;
            once(self.from.is_some(), "two from options")?;
            self.from = Some(value);
            return Ok(rest);
        }
        if let Some(rest) = value_of(text, "expiry-time") {
            let (value, rest) = dequote(rest)?;
            let moment = expiry(&value)
                .ok_or_else(|| OptionFault::Doubtful(format!("expiry-time {value:?} is no time that sshd reads")))?;
            self.expires = Some(self.expires.map_or(moment, |before| before.min(moment)));
            return Ok(rest);
        }
        if let Some(rest) = value_of(text, "environment") {
            let (value, rest) = dequote(rest)?;
            let name = value.split_once('=').map(|(name, _)| name).filter(|name| is_variable(name));
            let Some(name) = name else {
                return Err(OptionFault::Doubtful(String::from("environment without a proper name and =")));
            };
            self.notes.push(format!("environment {name}"));
            return Ok(rest);
        }
        for name in ["permitopen", "permitlisten"] {
            if let Some(rest) = value_of(text, name) {
                let (value, rest) = dequote(rest)?;
                if !is_host_and_port(&value, name == "permitlisten") {
                    return Err(OptionFault::Doubtful(format!("{name} {value:?} is no host and port")));
                }
                self.notes.push(format!("{name} {value}"));
                return Ok(rest);
            }
        }
        if let Some(rest) = value_of(text, "tunnel") {
            let (value, rest) = dequote(rest)?;
            if value != "any" && value.parse::<u32>().is_err() {
                return Err(OptionFault::Doubtful(format!("tunnel {value:?} is no device")));
            }
            self.notes.push(format!("tunnel {value}"));
            return Ok(rest);
        }
        // Not taken: the caller says that it is unknown, unless it is empty (`,,`), which sshd skips.
        Ok(text)
    }

    /// Whether a command is forced.
    pub(crate) fn has_command(&self) -> bool {
        self.command != ForcedCommand::None
    }

    /// The options in words, for evidence.
    pub(crate) fn describe(&self) -> Vec<String> {
        let mut words = Vec::new();
        if let Some(from) = &self.from {
            words.push(format!("only from {from}"));
        }
        match &self.command {
            ForcedCommand::Program(program) => words.push(format!("forced command {program} (arguments not shown)")),
            ForcedCommand::Some => words.push(String::from("forced command (not shown)")),
            ForcedCommand::None => {}
        }
        if let Some(principals) = &self.principals {
            words.push(format!("principals {principals}"));
        }
        words.extend(self.notes.iter().cloned());
        words
    }
}

fn ends(text: &[u8]) -> bool {
    matches!(text.first(), None | Some(b' ' | b'\t'))
}

fn word(text: &[u8]) -> String {
    let end = text.iter().position(|byte| matches!(byte, b',' | b' ' | b'\t' | b'=')).unwrap_or(text.len()).min(40);
    String::from_utf8_lossy(&text[..end]).into_owned()
}

fn once(seen: bool, says: &'static str) -> Result<(), OptionFault> {
    if seen { Err(OptionFault::Refused(says)) } else { Ok(()) }
}

fn prefix<'a>(text: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let (head, rest) = text.split_at_checked(name.len())?;
    head.eq_ignore_ascii_case(name.as_bytes()).then_some(rest)
}

/// A flag, perhaps negated by `no-`; what follows must be a comma or the end, which the caller checks.
fn flag<'a>(text: &'a [u8], name: &str, negatable: bool) -> Option<(&'a [u8], bool)> {
    if negatable && let Some(rest) = prefix(text, "no-").and_then(|rest| prefix(rest, name)) {
        return Some((rest, true));
    }
    prefix(text, name).map(|rest| (rest, false))
}

fn value_of<'a>(text: &'a [u8], name: &str) -> Option<&'a [u8]> {
    prefix(text, name)?.strip_prefix(b"=")
}

/// A value in double quotes; `\"` is a quote (OpenSSH: `opt_dequote`).
fn dequote(text: &[u8]) -> Result<(String, &[u8]), OptionFault> {
    let mut rest =
        text.strip_prefix(b"\"").ok_or(OptionFault::Refused("an option's value has no quote at its start"))?;
    let mut value = Vec::new();
    loop {
        match rest {
            [b'"', after @ ..] => return Ok((String::from_utf8_lossy(&value).into_owned(), after)),
            [b'\\', b'"', after @ ..] => {
                value.push(b'"');
                rest = after;
            }
            [byte, after @ ..] => {
                value.push(*byte);
                rest = after;
            }
            [] => return Err(OptionFault::Refused("an option's value has no quote at its end")),
        }
    }
}

/// `YYYYMMDD[HHMM[SS]]`, in UTC with a `Z` or `UTC` after it, else in the zone of the server, which we do not know.
fn expiry(text: &str) -> Option<Moment> {
    let lower = text.to_ascii_lowercase();
    let (digits, utc) = match (lower.strip_suffix('z'), lower.strip_suffix("utc")) {
        (Some(digits), _) | (None, Some(digits)) => (digits, true),
        (None, None) => (lower.as_str(), false),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let local = match digits.len() {
        8 => NaiveDate::parse_from_str(digits, "%Y%m%d").ok()?.and_hms_opt(0, 0, 0)?,
        12 => NaiveDateTime::parse_from_str(&format!("{digits}00"), "%Y%m%d%H%M%S").ok()?,
        14 => NaiveDateTime::parse_from_str(digits, "%Y%m%d%H%M%S").ok()?,
        _ => return None,
    };
    if utc {
        return Some(Moment::exact(local.and_utc()));
    }
    let earliest = local.and_utc().checked_sub_signed(TimeDelta::hours(EARLIEST_ZONE_HOURS))?;
    is_in_calendar(earliest).then(|| Moment::within(earliest, ZONE_SPAN_SECONDS))
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn is_host_and_port(value: &str, bare_port: bool) -> bool {
    let port =
        if bare_port && !value.contains(':') { Some(value) } else { value.rsplit_once(':').map(|(_, port)| port) };
    port.is_some_and(|port| port == "*" || port.parse::<u16>().is_ok_and(|port| port > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_is_read_and_secrets_are_not_kept() {
        let text = br#"cert-authority,restrict,NO-pty,port-forwarding,command="/bin/x --token s3cret",environment="TOKEN=s3cret",from="10.0.0.0/8,!10.1.*",principals="ana,ops",permitopen="db:5432",permitlisten="8080",tunnel="any",expiry-time="20260801Z",no-touch-required,verify-required ssh-rsa"#;
        let options = KeyOptions::parse(text).expect("every option is known");
        assert!(options.cert_authority);
        assert_eq!(options.command, ForcedCommand::Program(String::from("/bin/x")));
        assert_eq!(options.from.as_deref(), Some("10.0.0.0/8,!10.1.*"));
        assert!(!format!("{options:?} {:?}", options.describe()).contains("s3cret"), "{options:?}");
    }

    #[test]
    fn a_line_that_every_sshd_refuses_is_told_from_one_that_a_newer_one_may_accept() {
        for refused in [&b"command=x"[..], b"from=\"a", b"from=\"a\",from=\"b\"", b"pty,"] {
            assert!(matches!(KeyOptions::parse(refused), Err(OptionFault::Refused(_))), "{refused:?}");
        }
        for doubtful in [&b"future-option"[..], b"ptyx", b"expiry-time=\"tomorrow\"", b"permitopen=\"db\"", b"pty no"] {
            let parsed = KeyOptions::parse(doubtful);
            assert!(
                matches!(parsed, Err(OptionFault::Doubtful(_))) || doubtful == b"pty no",
                "{doubtful:?}: {parsed:?}"
            );
        }
        assert!(KeyOptions::parse(b"pty,no-user-rc").is_ok());
    }

    #[test]
    fn an_expiry_in_the_servers_own_zone_spans_every_zone_and_one_in_utc_is_exact() {
        let exact = expiry("202608011200Z").expect("a time");
        assert_eq!(exact, Moment::exact("2026-08-01T12:00:00Z".parse().expect("an instant")));
        let local = expiry("202608011200").expect("a time");
        assert_eq!(local.at, "2026-07-31T22:00:00Z".parse::<scan_contract::Instant>().expect("an instant"));
        assert_eq!(local.settled_at(), "2026-08-02T00:00:00Z".parse::<scan_contract::Instant>().expect("an instant"));
        assert_eq!(expiry("2026-08-01"), None);
        assert_eq!(expiry("00000101"), None, "somewhere it is the year before");
    }
}
