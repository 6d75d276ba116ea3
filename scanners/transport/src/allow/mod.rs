//! What may be sent: one table a scanner. The same table gives the list of rights, the smallest policy, and what of an
//! answer may be written into a recording, so that none of them can differ from what the code does.

mod action;
mod check;
mod path;

use scan_contract::Cause;

use self::action::Verdict;
use crate::request::Request;

/// What an operation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Gets a short-lived credential. Never recorded; a replay does not sign in.
    SignIn,
    /// Reads.
    Read,
    /// Gives the scanner's own credential back (revoke-self, logout). Never recorded.
    SignOut,
    /// Changes something: a ticket, a pushed metric. No scanner has such an operation (PRV-2, PRV-6); it is sent by
    /// [`crate::Door::write`] alone, which never repeats what may have happened. Never recorded.
    Write,
}

/// How an operation is told from others that share its method and path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Method and path say it all.
    Plain,
    /// `Action=NAME` in a form body (AWS query protocol).
    Form(&'static str),
    /// The end of the `X-Amz-Target` header (AWS JSON protocol), such as `AWSOrganizationsV20161128.ListAccounts`.
    Target(&'static str),
    /// A GraphQL document: parsed, and refused unless every operation in it is a query.
    GraphQlQuery,
    /// A fixed value of one query parameter, such as `list=true`.
    Query(&'static str, &'static str),
}

/// What of an answer may be written into a recording. Everything else is left out: an allow-list, since nobody knows
/// today which field will carry a secret tomorrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Nothing but the status: the answer of a sign-in.
    Nothing,
    /// JSON: names of the keys that stay, at any depth. A name that ends in `/*` keeps a map whose keys are data
    /// (`key_info/*`): the keys stay, and below each the list holds again. Of a list whose name ends in `#` (`errors#`)
    /// only the length stays; of a name that ends in `{}` (`password{}`) only that there is an object. `*` alone keeps everything and is for
    /// documents that cannot hold a secret, with the reason beside it.
    Json(&'static [&'static str]),
    /// XML: local names of the elements that stay.
    Xml(&'static [&'static str]),
}

/// One request that may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// The vendor's name of the call, such as `iam:ListUsers` or `GET /orgs/{org}/members`.
    pub name: &'static str,
    /// HTTP method, `LIST` included.
    pub method: &'static str,
    /// Path pattern below the origin. `{name}` is one segment that is not empty; `{name...}` is one or more segments;
    /// `{name...!a|b}` is one or more of which none is `a` or `b`, however it is encoded.
    pub path: &'static str,
    /// What tells it from others of the same method and path.
    pub action: Action,
    /// What it is for.
    pub purpose: Purpose,
    /// The rights it needs, in the vendor's own words. Empty: any credential may.
    pub rights: &'static [&'static str],
    /// What of the answer may be recorded.
    pub keep: Keep,
}

/// All that one scanner may send.
#[derive(Debug, Clone, Copy)]
pub struct AllowList {
    /// Connector, for messages.
    pub connector: &'static str,
    /// The requests.
    pub operations: &'static [Operation],
}

/// Why a request is not on the list. A defect of the scanner: it is told as such, and nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{connector}: {method} {path}{detail} is not on the list of allowed requests; nothing was sent")]
pub struct NotAllowed {
    /// Connector.
    pub connector: &'static str,
    /// Method.
    pub method: String,
    /// Path pattern-free, without query; names in it are replaced by `{}` where no operation matches.
    pub path: String,
    /// Action, or what is wrong with the document.
    pub detail: String,
}

impl NotAllowed {
    /// As a cause: a defect of the scanner.
    pub(crate) fn into_cause(self) -> Cause {
        Cause::Bug { what: self.to_string() }
    }
}

/// One right, and what it is needed for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeededRight {
    /// In the vendor's own words.
    pub name: &'static str,
    /// The operations that need it, in the order of the list.
    pub operations: Vec<&'static Operation>,
}

impl AllowList {
    /// The operation that `request` is. The first row that fits wins.
    ///
    /// # Errors
    /// No row fits. The message holds nothing from outside.
    pub fn find_request(&self, request: &Request) -> Result<&'static Operation, NotAllowed> {
        let mut almost = None;
        for operation in self.operations {
            if request.method.as_str() != operation.method || !path::matches(operation.path, request.url.path()) {
                continue;
            }
            match action::judge(operation.action, request) {
                Verdict::Yes => return Ok(operation),
                Verdict::No(why) => almost = Some(why),
            }
        }
        let known = self.operations.iter().any(|operation| operation.method == request.method.as_str());
        Err(NotAllowed {
            connector: self.connector,
            method: if known { request.method.to_string() } else { shown_method(&request.method) },
            path: path::without_names(request.url.path(), self.operations.iter().map(|operation| operation.path)),
            detail: almost.map(|why| format!(" ({why})")).unwrap_or_default(),
        })
    }

    /// The same list, with these names kept in recordings of JSON too: what the configuration reads has to be there in a
    /// replay. Lists are static, so that what is made here lives as long as the program: ask once a system.
    #[must_use]
    pub fn keeping(&'static self, names: impl IntoIterator<Item = String>) -> &'static Self {
        let names: Vec<&'static str> = names.into_iter().map(|name| &*Box::leak(name.into_boxed_str())).collect();
        if names.is_empty() {
            return self;
        }
        let kept = |operation: &Operation| match operation.keep {
            Keep::Json(known) => {
                let all: Vec<&'static str> = known.iter().chain(&names).copied().collect();
                Operation { keep: Keep::Json(Box::leak(all.into_boxed_slice())), ..*operation }
            }
            Keep::Nothing | Keep::Xml(_) => *operation,
        };
        let operations: Vec<Operation> = self.operations.iter().map(kept).collect();
        Box::leak(Box::new(Self { operations: Box::leak(operations.into_boxed_slice()), ..*self }))
    }

    /// The operation of this name.
    pub fn find(&self, name: &str) -> Option<&'static Operation> {
        self.operations.iter().find(|operation| operation.name == name)
    }

    /// Every right once, with the operations that need it, in the order of the list.
    pub fn rights(&self) -> Vec<NeededRight> {
        let mut needed: Vec<NeededRight> = Vec::new();
        for operation in self.operations {
            for right in operation.rights {
                match needed.iter_mut().find(|known| known.name == *right) {
                    Some(known) => known.operations.push(operation),
                    None => needed.push(NeededRight { name: right, operations: vec![operation] }),
                }
            }
        }
        needed
    }
}

fn shown_method(method: &http::Method) -> String {
    method.as_str().chars().take(16).filter(char::is_ascii_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    const fn read(name: &'static str, method: &'static str, path: &'static str) -> Operation {
        Operation {
            name,
            method,
            path,
            action: Action::Plain,
            purpose: Purpose::Read,
            rights: &["r"],
            keep: Keep::Nothing,
        }
    }

    static LIST: AllowList = AllowList {
        connector: "test",
        operations: &[
            read("members", "GET", "/orgs/{org}/members"),
            Operation { action: Action::Form("ListUsers"), ..read("iam:ListUsers", "POST", "/") },
            Operation { rights: &["r", "s"], ..read("keys", "LIST", "/v1/{mount...}/metadata/{path...}") },
        ],
    };

    fn ask(method: &str, url: &str) -> Result<&'static str, NotAllowed> {
        let mut request = Request::get(Url::parse(url).unwrap());
        request.method = method.parse().unwrap();
        LIST.find_request(&request).map(|operation| operation.name)
    }

    #[test]
    fn what_is_listed_is_found_and_its_twin_is_refused() {
        assert_eq!(ask("GET", "https://a.example/orgs/acme/members?per_page=100"), Ok("members"));
        assert_eq!(ask("LIST", "https://a.example/v1/kv/metadata/team/a"), Ok("keys"));
        for (method, url) in [
            ("DELETE", "https://a.example/orgs/acme/members"),
            ("GET", "https://a.example/orgs/acme/members/mallory"),
            ("GET", "https://a.example/v1/kv/data/team/a"),
            ("POST", "https://a.example/"),
            ("get", "https://a.example/orgs/acme/members"),
        ] {
            assert!(ask(method, url).is_err(), "{method} {url}");
        }
    }

    #[test]
    fn the_refusal_names_no_name_from_outside() {
        let refused = ask("PATCH", "https://a.example/orgs/canary-name/members?token=canary").unwrap_err();
        let says = refused.to_string();
        assert!(says.contains("PATCH /orgs/{}/members"), "{says}");
        assert!(!says.contains("canary"), "{says}");
        assert!(matches!(refused.into_cause(), Cause::Bug { .. }));
    }

    #[test]
    fn rights_stand_once_with_all_that_need_them() {
        let rights = LIST.rights();
        let shown: Vec<(&str, usize)> = rights.iter().map(|right| (right.name, right.operations.len())).collect();
        assert_eq!(shown, [("r", 3), ("s", 1)]);
        assert_eq!(LIST.find("keys").map(|operation| operation.method), Some("LIST"));
        assert!(LIST.find("nothing").is_none());
    }

    #[test]
    fn more_names_are_kept_of_json_alone_and_nothing_else_changes() {
        static ONE: AllowList = AllowList {
            connector: "test",
            operations: &[
                Operation { keep: Keep::Json(&["id"]), ..read("a", "GET", "/a") },
                Operation { purpose: Purpose::SignIn, ..read("b", "POST", "/b") },
            ],
        };
        let more = ONE.keeping([String::from("hrId")]);
        assert_eq!(more.operations[0], Operation { keep: Keep::Json(&["id", "hrId"]), ..ONE.operations[0] });
        assert_eq!(more.operations[1], ONE.operations[1]);
        assert!(std::ptr::eq(ONE.keeping([]), &raw const ONE));
    }

    static BAD: AllowList = AllowList {
        connector: "test",
        operations: &[
            read("wide", "GET", "/a/{b}"),
            read("hidden", "GET", "/a/c"),
            read("wide", "PUT", "/a/{b"),
            Operation { purpose: Purpose::SignIn, keep: Keep::Json(&["token"]), ..read("login", "POST", "/login") },
        ],
    };

    static ORDERED: AllowList =
        AllowList { connector: "test", operations: &[read("narrow", "GET", "/a/c"), read("wide", "GET", "/a/{b}")] };

    #[test]
    fn the_check_finds_what_is_wrong_and_is_silent_on_a_good_list() {
        assert_eq!(LIST.check(), Vec::<String>::new());
        let wrong = BAD.check().join("\n");
        for part in [
            "hidden: wide stands before it",
            "wide: the name stands in rows 0 and 2",
            "no pattern",
            "nothing of a sign-in",
        ] {
            assert!(wrong.contains(part), "{part} in {wrong}");
        }
        assert_eq!(ORDERED.check(), Vec::<String>::new());
    }
}
