//! What of a body stays: an allow-list by name at any depth. Nobody knows today which field will carry a secret
//! tomorrow, so what is not named goes.

use quick_xml::events::Event;
use quick_xml::{Reader, Writer};
use serde_json::{Map, Value};

use crate::allow::Keep;
use crate::json::{Twice, look_over};
use crate::settings::Limits;

/// The part of `body` that may be written down. A body of another form than the list expects leaves nothing, and nothing
/// is what no reader of JSON or XML takes for an answer.
pub(crate) fn reduce(keep: Keep, body: &[u8]) -> String {
    match keep {
        Keep::Nothing => String::new(),
        // A key that stands twice is refused while it is read. One of the two alone would pass in a replay.
        Keep::Json(_) if look_over("", body, &Limits::default(), Twice::Refused).is_err() => String::new(),
        Keep::Json(names) => {
            serde_json::from_slice(body).map(|value| json(names, value).to_string()).unwrap_or_default()
        }
        Keep::Xml(names) => xml(names, body).unwrap_or_default(),
    }
}

fn json(names: &[&str], value: Value) -> Value {
    if names.contains(&"*") {
        return value;
    }
    unnamed(names, value)
}

/// A value outside every object: it has no name that could be on the list.
fn unnamed(names: &[&str], value: Value) -> Value {
    match value {
        Value::Object(_) => below(names, value),
        Value::Array(items) => Value::Array(items.into_iter().map(|item| unnamed(names, item)).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Value::Null,
    }
}

/// The value of a name that stays.
fn below(names: &[&str], value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(fields.into_iter().filter_map(|field| kept(names, field)).collect()),
        Value::Array(items) => Value::Array(items.into_iter().map(|item| below(names, item)).collect()),
        plain => plain,
    }
}

fn kept(names: &[&str], (key, value): (String, Value)) -> Option<(String, Value)> {
    let is_map = names.iter().any(|name| name.strip_suffix("/*") == Some(key.as_str()));
    if is_map && let Value::Object(entries) = value {
        let entries: Map<String, Value> = entries.into_iter().map(|(key, value)| (key, below(names, value))).collect();
        return Some((key, Value::Object(entries)));
    }
    let is_counted = names.iter().any(|name| name.strip_suffix('#') == Some(key.as_str()));
    if is_counted && let Value::Array(items) = &value {
        let nothing = vec![Value::Null; items.len()];
        return Some((key, Value::Array(nothing)));
    }
    let is_sign = names.iter().any(|name| name.strip_suffix("{}") == Some(key.as_str()));
    if is_sign && value.is_object() {
        return Some((key, Value::Object(Map::new())));
    }
    let stays = is_map || names.contains(&key.as_str());
    stays.then(|| {
        let value = below(names, value);
        (key, value)
    })
}

/// XML without attributes, comments and everything below an element that is not on the list. `None` if it is no XML.
fn xml(names: &[&str], body: &[u8]) -> Option<String> {
    let mut reader = Reader::from_str(std::str::from_utf8(body).ok()?);
    let mut writer = Writer::new(Vec::new());
    // Levels below the outermost element that goes; zero while everything around stays.
    let mut gone = 0_usize;
    let mut open = 0_usize;
    loop {
        let event = reader.read_event().ok()?;
        let stays = |name: quick_xml::name::LocalName<'_>| names.contains(&name.as_ref()) || names.contains(&"*");
        match event {
            Event::Start(start) => {
                if gone > 0 || !stays(start.local_name()) {
                    gone += 1;
                } else {
                    open += 1;
                    let name = start.name();
                    let bare = quick_xml::events::BytesStart::new(name.as_ref());
                    writer.write_event(Event::Start(bare)).ok()?;
                }
            }
            Event::End(end) => {
                if gone > 0 {
                    gone -= 1;
                } else {
                    open = open.checked_sub(1)?;
                    writer.write_event(Event::End(end)).ok()?;
                }
            }
            Event::Empty(empty) => {
                if gone == 0 && stays(empty.local_name()) {
                    let name = empty.name();
                    let bare = quick_xml::events::BytesStart::new(name.as_ref());
                    writer.write_event(Event::Empty(bare)).ok()?;
                }
            }
            Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) => {
                if gone == 0 && open > 0 {
                    writer.write_event(event).ok()?;
                }
            }
            Event::Eof => {
                return (gone == 0 && open == 0).then(|| String::from_utf8_lossy(&writer.into_inner()).into_owned());
            }
            Event::Decl(_) | Event::PI(_) | Event::DocType(_) | Event::Comment(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(names: &'static [&'static str], body: &str) -> String {
        reduce(Keep::Json(names), body.as_bytes())
    }

    #[test]
    fn only_named_fields_stay_at_any_depth() {
        let body = r#"{"users":[{"id":1,"token":"canary","more":{"id":2,"password":"canary"}}],"secret":{"id":3}}"#;
        assert_eq!(kept(&["users", "id", "more"], body), r#"{"users":[{"id":1,"more":{"id":2}}]}"#);
        assert_eq!(kept(&["users"], body), r#"{"users":[{}]}"#);
        assert_eq!(kept(&[], body), "{}");
        assert_eq!(kept(&["*"], body), body);
    }

    #[test]
    fn maps_whose_keys_are_data_keep_their_keys() {
        let body = r#"{"key_info":{"a":{"name":"x","token":"canary"},"b":{"other":"canary"}},"keys":["a","b"]}"#;
        assert_eq!(
            kept(&["key_info/*", "name", "keys"], body),
            r#"{"key_info":{"a":{"name":"x"},"b":{}},"keys":["a","b"]}"#
        );
        assert_eq!(kept(&["key_info", "name"], body), r#"{"key_info":{}}"#);
    }

    #[test]
    fn of_a_counted_list_only_the_length_stays() {
        assert_eq!(kept(&["errors#"], r#"{"errors":["canary","canary"]}"#), r#"{"errors":[null,null]}"#);
        assert_eq!(kept(&["errors#"], r#"{"errors":[]}"#), r#"{"errors":[]}"#);
        assert_eq!(kept(&["errors#"], r#"{"errors":"canary"}"#), "{}");
    }

    #[test]
    fn of_an_object_that_is_only_a_sign_nothing_stays_but_itself() {
        assert_eq!(
            kept(&["password{}"], r#"{"password":{"value":"canary","hash":{"a":"canary"}}}"#),
            r#"{"password":{}}"#
        );
        assert_eq!(kept(&["password{}"], r#"{"password":"canary"}"#), "{}");
    }

    #[test]
    fn bare_values_and_other_forms_leave_nothing() {
        assert_eq!(kept(&["id"], r#""canary""#), "null");
        assert_eq!(kept(&["id"], r#"["canary",["canary"],{"id":["kept"]}]"#), r#"[null,[null],{"id":["kept"]}]"#);
        assert_eq!(kept(&["id"], "<html>canary</html>"), "");
        assert_eq!(kept(&["id"], r#"[{"id":1,"canary":2}]"#), r#"[{"id":1}]"#);
        assert_eq!(kept(&["id"], r#"[{"id":1,"id":2}]"#), "", "a replay must not be better off");
        assert_eq!(reduce(Keep::Nothing, b"canary"), "");
        assert_eq!(reduce(Keep::Xml(&["a"]), b"{\"canary\":1}"), "");
        assert_eq!(reduce(Keep::Xml(&["a"]), b"<a><b>canary"), "");
    }

    #[test]
    fn xml_keeps_named_elements_and_no_attributes() {
        let body = br#"<?xml version="1.0"?><!-- canary --><R xmlns="urn:x"><Users><member at="canary"><UserName>a&amp;b</UserName><Secret>canary<UserName>canary</UserName></Secret><Empty/></member></Users><Token/></R>"#;
        let kept = reduce(Keep::Xml(&["R", "Users", "member", "UserName", "Empty"]), body);
        assert_eq!(kept, "<R><Users><member><UserName>a&amp;b</UserName><Empty/></member></Users></R>");
    }
}
