//! `sshd_config` and its includes into a tree of lines, without judging which of them apply.

use scan_contract::Cause;

use super::lex;
use crate::tree::{Expanded, HostTree, Looked};

/// Deepest nesting of includes that sshd reads (`SERVCONF_MAX_DEPTH`).
const DEEPEST: usize = 16;

/// Places of the main file: `/usr/etc` is where some distributions keep the vendor's one.
const PLACES: [&str; 2] = ["/etc/ssh/sshd_config", "/usr/etc/ssh/sshd_config"];

/// One file's lines.
pub(crate) type Lines = Vec<Line>;

/// One line that can matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Line {
    /// A keyword that concerns who may sign in with which key.
    Set {
        /// Keyword, lower case.
        keyword: String,
        /// Arguments.
        arguments: Vec<String>,
        /// The text of the arguments, for commands.
        text: String,
        /// Where it stands, for evidence.
        place: String,
    },
    /// A condition for what follows, to the end of this file or the next condition.
    Match(Vec<Criterion>),
    /// Included files.
    Include(Vec<Lines>),
}

/// One criterion of a `Match` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Criterion {
    /// Always holds.
    All,
    /// Patterns for the account's name.
    User(String),
    /// Patterns for its groups.
    Group(String),
    /// Holds only for names that are no account.
    InvalidUser,
    /// Depends on the connection or on the server's version.
    Connection(String),
    /// Not understood: may hold or not.
    Unknown(String),
}

/// The whole configuration of a host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Config {
    /// Lines of the main file.
    pub(crate) lines: Lines,
    /// What could not be read or understood: it may name further keys or allow what we take as refused.
    pub(crate) problems: Vec<(String, Cause)>,
}

/// Reads the configuration of a host.
pub(crate) fn read_config(tree: &HostTree<'_>) -> Config {
    let mut config = Config::default();
    let mut first = None;
    for place in PLACES {
        match tree.look(place) {
            Looked::Read(bytes, doubt) => {
                if let Some(cause) = doubt {
                    config.problems.push((place.to_owned(), cause));
                }
                config.lines = parse(tree, place, &bytes, 0, &mut config.problems);
                return config;
            }
            Looked::Absent => {}
            Looked::Unknown(cause) => first = first.or(Some((place.to_owned(), cause))),
        }
    }
    config.problems.push(first.filter(|(place, _)| place == PLACES[0]).unwrap_or_else(|| {
        (
            PLACES[0].to_owned(),
            Cause::NotInSource {
                what: String::from(
                    "no sshd_config: which key files the server reads is not known; its defaults are assumed",
                ),
            },
        )
    }));
    config
}

fn parse(tree: &HostTree<'_>, path: &str, bytes: &[u8], depth: usize, problems: &mut Vec<(String, Cause)>) -> Lines {
    let mut lines = Lines::new();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let place = format!("{path}:{}", index + 1);
        let text = String::from_utf8_lossy(line);
        let words = match lex::split(&text) {
            Ok(None) => continue,
            Ok(Some(words)) => words,
            Err(fault) => {
                problems.push((place.clone(), Cause::Malformed { what: format!("{place}: {}", fault.as_str()) }));
                continue;
            }
        };
        match words.keyword.as_str() {
            "match" => lines.push(Line::Match(criteria(&words.arguments, &place, problems))),
            "include" => {
                let files = words
                    .arguments
                    .iter()
                    .flat_map(|pattern| include(tree, pattern, &place, depth, problems))
                    .collect();
                lines.push(Line::Include(files));
            }
            keyword if CONCERNS.contains(&keyword) => {
                if text.contains(char::REPLACEMENT_CHARACTER) || words.arguments.is_empty() {
                    problems.push((
                        place.clone(),
                        Cause::Malformed { what: format!("{place}: unreadable value of {keyword}") },
                    ));
                }
                lines.push(Line::Set {
                    keyword: keyword.to_owned(),
                    arguments: words.arguments,
                    text: words.text.to_owned(),
                    place,
                });
            }
            keyword if KNOWN.contains(&keyword) => {}
            keyword => problems.push((
                place.clone(),
                Cause::NotSupported {
                    what: format!("{place}: keyword {keyword:.40} is not known here; it may allow further keys"),
                },
            )),
        }
    }
    lines
}

fn include(
    tree: &HostTree<'_>,
    pattern: &str,
    place: &str,
    depth: usize,
    problems: &mut Vec<(String, Cause)>,
) -> Vec<Lines> {
    if depth >= DEEPEST {
        problems.push((place.to_owned(), Cause::LimitHit { limit: format!("{place}: {DEEPEST} nested includes") }));
        return Vec::new();
    }
    let pattern = match pattern.strip_prefix('~') {
        // sshd expands `~` with its own account's home.
        Some(rest) if rest.starts_with('/') => format!("/root{rest}"),
        Some(_) => {
            problems.push((place.to_owned(), Cause::NotSupported { what: format!("{place}: Include {pattern:?}") }));
            return Vec::new();
        }
        None if pattern.starts_with('/') => pattern.to_owned(),
        None => format!("/etc/ssh/{pattern}"),
    };
    let (paths, doubt) = match tree.expand(&pattern) {
        Expanded::Paths(paths, doubt) => (paths, doubt),
        Expanded::Unknown(cause) => (Vec::new(), Some(cause)),
    };
    if let Some(cause) = doubt {
        problems.push((place.to_owned(), cause));
    }
    let mut files = Vec::new();
    for path in paths {
        match tree.look(&path) {
            Looked::Read(bytes, doubt) => {
                if let Some(cause) = doubt {
                    problems.push((format!("/{path}"), cause));
                }
                files.push(parse(tree, &format!("/{path}"), &bytes, depth + 1, problems));
            }
            Looked::Absent => {}
            Looked::Unknown(cause) => problems.push((format!("/{path}"), cause)),
        }
    }
    files
}

fn criteria(arguments: &[String], place: &str, problems: &mut Vec<(String, Cause)>) -> Vec<Criterion> {
    let mut found = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let lower = word.to_ascii_lowercase();
        match lower.as_str() {
            "all" => {
                found.push(Criterion::All);
                continue;
            }
            "invalid-user" => {
                found.push(Criterion::InvalidUser);
                continue;
            }
            _ => {}
        }
        let (name, value) = match lower.split_once('=') {
            Some((name, _)) => (name.to_owned(), word.split_once('=').map(|(_, value)| value.to_owned())),
            None => (lower.clone(), words.next().cloned()),
        };
        let Some(value) = value.filter(|value| !value.is_empty()) else {
            problems.push((
                place.to_owned(),
                Cause::Malformed { what: format!("{place}: Match {name:.40} without a value") },
            ));
            found.push(Criterion::Unknown(name));
            continue;
        };
        found.push(match name.as_str() {
            "user" => Criterion::User(value),
            "group" => Criterion::Group(value),
            "host" | "address" | "localaddress" | "localport" | "rdomain" | "version" => Criterion::Connection(name),
            // `LocalUser` is a word of ssh_config; sshd knows none such, and a newer one might.
            _ => {
                problems.push((
                    place.to_owned(),
                    Cause::NotSupported { what: format!("{place}: Match {name:.40} is not known here") },
                ));
                Criterion::Unknown(name)
            }
        });
    }
    if found.is_empty() {
        problems.push((place.to_owned(), Cause::Malformed { what: format!("{place}: Match without a condition") }));
        found.push(Criterion::Unknown(String::new()));
    }
    found
}

/// Keywords that decide who may sign in with which key.
const CONCERNS: [&str; 17] = [
    "allowgroups",
    "allowusers",
    "authenticationmethods",
    "authorizedkeyscommand",
    "authorizedkeyscommanduser",
    "authorizedkeysfile",
    "authorizedprincipalscommand",
    "authorizedprincipalscommanduser",
    "authorizedprincipalsfile",
    "denygroups",
    "denyusers",
    "dsaauthentication",
    "permitrootlogin",
    "pubkeyauthentication",
    "revokedkeys",
    "trustedusercakeys",
    "usepam",
];

/// Every other keyword of OpenSSH up to 10.x, of its portable form, and of the patches of Debian and Fedora. None of
/// them names a file of user keys.
const KNOWN: &[&str] = &[
    "acceptenv",
    "addressfamily",
    "afstokenpassing",
    "allowagentforwarding",
    "allowstreamlocalforwarding",
    "allowtcpforwarding",
    "authorizedkeysfile2",
    "banner",
    "casignaturealgorithms",
    "challengeresponseauthentication",
    "channeltimeout",
    "checkmail",
    "chrootdirectory",
    "ciphers",
    "clientalivecountmax",
    "clientaliveinterval",
    "compression",
    "debianbanner",
    "disableforwarding",
    "exposeauthinfo",
    "fingerprinthash",
    "forcecommand",
    "gatewayports",
    "gssapiauthentication",
    "gssapicleanupcredentials",
    "gssapicleanupcreds",
    "gssapidelegatecredentials",
    "gssapienablek5users",
    "gssapikexalgorithms",
    "gssapikeyexchange",
    "gssapistorecredentialsonrekey",
    "gssapistrictacceptorcheck",
    "gssapiusesessioncredcache",
    "hostbasedacceptedalgorithms",
    "hostbasedacceptedkeytypes",
    "hostbasedauthentication",
    "hostbasedusesnamefrompacketonly",
    "hostcertificate",
    "hostdsakey",
    "hostkey",
    "hostkeyagent",
    "hostkeyalgorithms",
    "hpndisabled",
    "ignorerhosts",
    "ignoreuserknownhosts",
    "ipqos",
    "kbdinteractiveauthentication",
    "keepalive",
    "kerberosauthentication",
    "kerberosgetafstoken",
    "kerberosorlocalpasswd",
    "kerberostgtpassing",
    "kerberosticketcleanup",
    "kerberosuniqueccache",
    "kerberosusekuserok",
    "kexalgorithms",
    "keyregenerationinterval",
    "listenaddress",
    "logingracetime",
    "loglevel",
    "logverbose",
    "macs",
    "maxauthtries",
    "maxsessions",
    "maxstartups",
    "modulifile",
    "nonecipher",
    "pamauthenticationviakbdint",
    "pamservicename",
    "passwordauthentication",
    "permitemptypasswords",
    "permitlisten",
    "permitopen",
    "permittty",
    "permittunnel",
    "permituserenvironment",
    "permituserrc",
    "persourcemaxstartups",
    "persourcenetblocksize",
    "persourcepenalties",
    "persourcepenaltyexemptlist",
    "pidfile",
    "port",
    "printlastlog",
    "printmotd",
    "protocol",
    "pubkeyacceptedalgorithms",
    "pubkeyacceptedkeytypes",
    "pubkeyauthoptions",
    "rdomain",
    "refuseconnection",
    "rekeylimit",
    "requiredrsasize",
    "reversemappingcheck",
    "rhostsauthentication",
    "rhostsrsaauthentication",
    "rsaauthentication",
    "rsaminsize",
    "securitykeyprovider",
    "serverkeybits",
    "setenv",
    "skeyauthentication",
    "sshdauthpath",
    "sshdsessionpath",
    "streamlocalbindmask",
    "streamlocalbindunlink",
    "strictmodes",
    "subsystem",
    "syslogfacility",
    "tcpkeepalive",
    "tcprcvbufpoll",
    "unusedconnectiontimeout",
    "useblacklist",
    "useblocklist",
    "usedns",
    "uselogin",
    "useprivilegeseparation",
    "verifyreversemapping",
    "versionaddendum",
    "x11displayoffset",
    "x11forwarding",
    "x11maxdisplays",
    "x11uselocalhost",
    "xauthlocation",
];
