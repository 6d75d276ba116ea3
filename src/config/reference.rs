//! The reference of the configuration as Markdown, from the same schema that is enforced.

use serde_json::Value;

use crate::yaml;

use super::raw::RawConfig;

/// Every key with its form and meaning: one table a mapping, in the order in which the file's root names them.
pub fn reference() -> String {
    let schema = yaml::schema_of::<RawConfig>();
    let mut text = String::new();
    let mut waiting: Vec<(String, &Value)> = vec![(String::new(), &schema)];
    let mut written: Vec<String> = Vec::new();
    while !waiting.is_empty() {
        let (path, object) = waiting.remove(0);
        text.push_str(&table(&schema, &path, object, &mut waiting, &mut written));
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

fn table<'a>(
    root: &'a Value,
    path: &str,
    object: &'a Value,
    waiting: &mut Vec<(String, &'a Value)>,
    written: &mut Vec<String>,
) -> String {
    let title = if path.is_empty() { "The file".to_owned() } else { format!("`{path}`") };
    let about = match description(object) {
        none if none.is_empty() => none,
        about => format!("{about}\n\n"),
    };
    let mut text = format!("### {title}\n\n{about}| Key | Form | Meaning |\n|---|---|---|\n");
    let required: Vec<&str> = object["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (key, property) in object["properties"].as_object().into_iter().flatten() {
        let target = resolve(root, property);
        let mark = if required.contains(&key.as_str()) { " (required)" } else { "" };
        let meaning = cell(&description_of(property, target));
        text.push_str(&format_row(key, mark, &cell(&form(root, property)), &meaning));
        let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        for (suffix, nested) in nested(root, target) {
            let name = nested["title"].as_str().unwrap_or_default().to_owned();
            let full = format!("{below}{suffix}");
            if !written.contains(&full) {
                written.push(full.clone());
                waiting.push((if name.is_empty() { full } else { name }, nested));
            }
        }
    }
    text.push('\n');
    text
}

fn format_row(key: &str, mark: &str, form: &str, meaning: &str) -> String {
    format!("| `{key}`{mark} | {form} | {meaning} |\n")
}

/// Mappings with keys of their own inside a property, with what is written after the property's name.
fn nested<'a>(root: &'a Value, target: &'a Value) -> Vec<(String, &'a Value)> {
    let mut found = Vec::new();
    if target.get("properties").is_some() {
        found.push((String::new(), target));
    }
    for (key, value) in forms(target).filter_map(form_key) {
        let below = resolve(root, value);
        if below.get("properties").is_some() {
            found.push((format!(".{key}"), below));
        }
    }
    if let Some(items) = target.get("items").map(|items| resolve(root, items))
        && items.get("properties").is_some()
    {
        found.push(("[]".to_owned(), items));
    }
    found
}

/// The forms among which a value chooses.
fn forms(target: &Value) -> impl Iterator<Item = &Value> {
    target["oneOf"].as_array().into_iter().flatten()
}

/// The one key of a form that is a mapping with one key, such as `{ profile: ... }`, and what stands behind it.
fn form_key(form: &Value) -> Option<(&str, &Value)> {
    let keys = form["properties"].as_object()?;
    let (key, value) = keys.iter().next().filter(|_| keys.len() == 1)?;
    Some((key.as_str(), value))
}

fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
    target.and_then(|pointer| root.pointer(pointer)).unwrap_or(schema)
}

fn description(schema: &Value) -> String {
    schema["description"].as_str().unwrap_or_default().to_owned()
}

/// A key's own words before those of its type.
fn description_of(property: &Value, target: &Value) -> String {
    let own = description(property);
    let text = if own.is_empty() { description(target) } else { own };
    match words(target) {
        words if words.is_empty() => text,
        words => format!("{text} {}", words.join("; ")),
    }
}

/// Words of a vocabulary with their meaning.
fn words(target: &Value) -> Vec<String> {
    forms(target)
        .filter_map(|form| {
            let name = form["const"].as_str().or_else(|| Some(form_key(form)?.0))?;
            Some(format!("`{name}`: {}", description(form).trim_end_matches('.')))
        })
        .collect()
}

/// What stands behind a key, in a few words.
fn form(root: &Value, property: &Value) -> String {
    let target = resolve(root, property);
    if let Some(expected) = property.get("x-expected").or_else(|| target.get("x-expected")).and_then(Value::as_str) {
        return expected.to_owned();
    }
    if let Some(only) = property.get("const").or_else(|| target.get("const")) {
        return format!("`{only}`");
    }
    if target.get("oneOf").is_some() || target.get("enum").is_some() {
        let listed = target["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let described = forms(target).filter_map(|form| form["const"].as_str());
        let mappings = forms(target).filter_map(form_key).map(|(key, value)| {
            let behind = form_of_key(root, value);
            format!("`{{ {key}: {behind} }}`")
        });
        let words: Vec<String> = listed.chain(described).map(|word| format!("`{word}`")).chain(mappings).collect();
        return format!("one of {}", words.join(", "));
    }
    match target["type"].as_str() {
        Some("array") => format!("list: {}", target.get("items").map_or_else(String::new, |items| form(root, items))),
        Some("object") if target.get("properties").is_some() => "mapping".to_owned(),
        Some("object") => match target.get("additionalProperties") {
            Some(values @ Value::Object(_)) => format!("mapping to {}", form(root, values)),
            _ => "mapping".to_owned(),
        },
        Some("string") => "text".to_owned(),
        Some("integer") => "whole number".to_owned(),
        Some("number") => "number".to_owned(),
        Some("boolean") => "`true` or `false`".to_owned(),
        _ => String::new(),
    }
}

/// What stands behind the one key of a form, in one word.
fn form_of_key(root: &Value, value: &Value) -> &'static str {
    let target = resolve(root, value);
    match target["type"].as_str() {
        _ if target.get("x-secret").is_some() => "SECRET",
        Some("object") => "{ ... }",
        _ => "TEXT",
    }
}

/// Text that cannot leave its cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
