//! Checks of a service that lists people as JSON.

use http::{HeaderName, HeaderValue};
use scan_hr::http_json::{Ask, Auth, HttpJson, Paging, Place, Size};
use scan_hr::{Client, ClientProof, Pointer};
use scan_transport::Connection;
use serde_json::Value;
use url::Url;

use crate::yaml;

use super::super::raw::service::{RawAuth, RawAuthKind, RawHttpJson, RawMethod, RawPaging, RawPagingKind, RawPlace};
use super::{Check, connection};

/// Headers that somebody else sets.
const TAKEN: [&str; 6] = ["authorization", "host", "content-length", "content-type", "cookie", "proxy-authorization"];

pub(super) fn settings(
    check: &mut Check<'_>,
    pointer: &str,
    raw: RawHttpJson,
    connection: &Connection,
) -> Option<HttpJson> {
    let at = |key: &str| format!("{pointer}/{key}");
    let url = address(check, &at("url"), &raw.url, connection);
    let ask = ask(check, pointer, raw.method, raw.body);
    let headers = headers(check, &at("headers"), &raw.headers);
    let auth = auth(check, &at("auth"), raw.auth, connection);
    let items = a_pointer(check, &at("items"), &raw.items);
    let total = raw.total.map(|text| a_pointer(check, &at("total"), &text));
    let expect =
        raw.expect.map(|expect| a_pointer(check, &at("expect/at"), &expect.at).map(|found| (found, expect.is)));
    let paging = paging(check, &at("paging"), raw.paging);
    let ask = ask?;
    let paging = paging?;
    let in_body = matches!(
        &paging,
        Paging::Cursor { place: Place::Body, .. }
            | Paging::Page { place: Place::Body, .. }
            | Paging::Offset { place: Place::Body, .. }
    );
    if in_body && !matches!(&ask, Ask::Post(Value::Object(_))) {
        check
            .say(&at("paging/place"), "the parameters belong into a body, and there is no POST with an object as body");
        return None;
    }
    Some(HttpJson {
        url: url?,
        ask,
        headers: headers?,
        auth: auth?,
        items: items?,
        total: all(total)?,
        paging,
        expect: all(expect)?,
    })
}

/// What was given and fits, or was not given; `None` where it was given and does not fit.
#[expect(clippy::option_option, reason = "given or not, and fitting or not, are two questions")]
fn all<T>(given: Option<Option<T>>) -> Option<Option<T>> {
    given.map_or(Some(None), |fits| fits.map(Some))
}

fn a_pointer(check: &mut Check<'_>, pointer: &str, text: &str) -> Option<Pointer> {
    let found = Pointer::parse(text);
    if found.is_none() {
        let says = format!("\"{}\" is no JSON pointer", check.shown(pointer, text));
        check.say_help(pointer, says, "such as /data/people");
    }
    found
}

/// An address with its query.
fn address(check: &mut Check<'_>, pointer: &str, text: &str, connection: &Connection) -> Option<Url> {
    let (bare, query) = match text.split_once('?') {
        Some((bare, query)) => (bare, Some(query)),
        None => (text, None),
    };
    let mut url = connection::system_address(check, pointer, bare, connection)?;
    url.set_query(query);
    Some(url)
}

fn ask(check: &mut Check<'_>, pointer: &str, method: Option<RawMethod>, body: Option<String>) -> Option<Ask> {
    match (method.unwrap_or(RawMethod::Get), body) {
        (RawMethod::Get, None) => Some(Ask::Get),
        (RawMethod::Get, Some(_)) => {
            check.say_key(&format!("{pointer}/body"), "a GET has no body", "write `method: post`");
            None
        }
        (RawMethod::Post, None) => {
            check.say(pointer, "`body` is missing: a POST has one");
            None
        }
        (RawMethod::Post, Some(text)) => match serde_json::from_str(&text) {
            Ok(body) => Some(Ask::Post(body)),
            Err(error) => {
                let says = format!("is no JSON: line {}, column {}", error.line(), error.column());
                check.say(&format!("{pointer}/body"), says);
                None
            }
        },
    }
}

fn headers(
    check: &mut Check<'_>,
    pointer: &str,
    raw: &std::collections::BTreeMap<String, String>,
) -> Option<Vec<(HeaderName, HeaderValue)>> {
    let mut headers = Vec::new();
    let mut good = true;
    for (name, value) in raw {
        let at = yaml::join(pointer, name);
        match (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) {
            (Ok(name), Ok(value)) if !TAKEN.contains(&name.as_str()) => headers.push((name, value)),
            (Ok(_), Ok(_)) => {
                check.say_key(&at, format!("the header {name} is set by others"), "a secret belongs into `auth`");
                good = false;
            }
            _ => {
                check.say(&at, "is no header");
                good = false;
            }
        }
    }
    good.then_some(headers)
}

fn auth(check: &mut Check<'_>, pointer: &str, raw: Option<RawAuth>, connection: &Connection) -> Option<Auth> {
    let Some(raw) = raw else { return Some(Auth::None) };
    let own: &[&str] = match raw.kind {
        RawAuthKind::Basic => &["user"],
        RawAuthKind::Bearer => &[],
        RawAuthKind::Header => &["name"],
        RawAuthKind::ClientCredentials => &["token_url", "client_id", "scope"],
    };
    no_others(check, pointer, own, &["kind", "secret"]);
    let secret = connection::secret(check, &format!("{pointer}/secret"), raw.secret);
    match raw.kind {
        RawAuthKind::Basic => {
            let user = needed(check, pointer, "user", raw.user);
            Some(Auth::Basic { user: user?, password: secret? })
        }
        RawAuthKind::Bearer => Some(Auth::Bearer(secret?)),
        RawAuthKind::Header => {
            let name = needed(check, pointer, "name", raw.name)?;
            let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
                check.say(&format!("{pointer}/name"), "is no name of a header");
                return None;
            };
            Some(Auth::Header { name, value: secret? })
        }
        RawAuthKind::ClientCredentials => {
            let text = needed(check, pointer, "token_url", raw.token_url);
            let id = needed(check, pointer, "client_id", raw.client_id);
            let token_url = connection::system_address(check, &format!("{pointer}/token_url"), &text?, connection);
            let client = Client { id: id?, proof: ClientProof::Secret(secret?) };
            Some(Auth::Client { token_url: token_url?, client, scope: raw.scope })
        }
    }
}

fn paging(check: &mut Check<'_>, pointer: &str, raw: Option<RawPaging>) -> Option<Paging> {
    let Some(raw) = raw else { return Some(Paging::Whole) };
    let own: &[&str] = match raw.kind {
        RawPagingKind::LinkHeader => &[],
        RawPagingKind::Link => &["at"],
        RawPagingKind::Cursor => &["at", "parameter", "place"],
        RawPagingKind::Page => &["parameter", "place", "first", "size_parameter", "size"],
        RawPagingKind::Offset => &["parameter", "place", "size_parameter", "size"],
    };
    no_others(check, pointer, own, &["kind"]);
    let place = match raw.place {
        None | Some(RawPlace::Query) => Place::Query,
        Some(RawPlace::Body) => Place::Body,
    };
    let size = match (raw.size_parameter, raw.size) {
        (Some(parameter), Some(count)) => Some(Size { parameter, count }),
        (None, None) => None,
        _ => {
            check.say(pointer, "`size_parameter` and `size` belong together");
            return None;
        }
    };
    match raw.kind {
        RawPagingKind::LinkHeader => Some(Paging::LinkHeader),
        RawPagingKind::Link => {
            let text = needed(check, pointer, "at", raw.at)?;
            Some(Paging::LinkIn(a_pointer(check, &format!("{pointer}/at"), &text)?))
        }
        RawPagingKind::Cursor => {
            let text = needed(check, pointer, "at", raw.at);
            let parameter = needed(check, pointer, "parameter", raw.parameter);
            let at = a_pointer(check, &format!("{pointer}/at"), &text?)?;
            Some(Paging::Cursor { at, parameter: parameter?, place })
        }
        RawPagingKind::Page => {
            let parameter = needed(check, pointer, "parameter", raw.parameter)?;
            Some(Paging::Page { parameter, first: raw.first.unwrap_or(1), size, place })
        }
        RawPagingKind::Offset => {
            let parameter = needed(check, pointer, "parameter", raw.parameter)?;
            Some(Paging::Offset { parameter, size, place })
        }
    }
}

fn needed<T>(check: &mut Check<'_>, pointer: &str, key: &str, value: Option<T>) -> Option<T> {
    if value.is_none() {
        check.say(pointer, format!("`{key}` is missing"));
    }
    value
}

/// Keys that another kind has would have no effect.
fn no_others(check: &mut Check<'_>, pointer: &str, own: &[&str], always: &[&str]) {
    let present: Vec<String> = check.document.keys(pointer).map(str::to_owned).collect();
    for key in present.iter().filter(|key| !own.contains(&key.as_str()) && !always.contains(&key.as_str())) {
        let known: Vec<&str> = always.iter().chain(own).copied().collect();
        let help = format!("this kind has {}", known.join(", "));
        check.say_key(&yaml::join(pointer, key), format!("`{key}` is of another kind"), help);
    }
}
