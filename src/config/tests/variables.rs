//! What a variable put into a file may be a secret: no message repeats it, whichever key it stands at.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::{GOOD, live, serve, services, trackers};
use crate::config::{load, schema, show};
use crate::yaml::{Document, join};

/// Values that fit and do not fit in different ways, and what none of them may show of itself. Most are so short that only
/// the message itself keeps them back.
const LEAKS: [(&str, &str); 8] = [
    ("zq9x7", "zq9"),
    ("zq9/%", "zq9"),
    ("zq9.x", "zq9"),
    ("https://zq9", "zq9"),
    ("s3cr3t", "s3cr3t"),
    ("98765", "98765"),
    ("2031-09-27", "2031-09"),
    ("2031-09-27T03:04:05Z", "2031-09"),
];

/// Nothing that is told about the file shows the value.
#[track_caller]
fn assert_kept_back(text: &str, leaks: &[(&str, &str)]) {
    for (leak, mark) in leaks {
        let environment = |name: &str| (name == "LEAK").then(|| (*leak).to_owned());
        let told = match load(Path::new("h.yaml"), text, &environment) {
            Err(problems) => format!("{problems:#?}"),
            Ok(loaded) => format!("{:#?}\n{:#?}", loaded.warnings, show(&loaded, &[])),
        };
        assert!(!told.contains(mark), "{leak} is shown:\n{told}\nof:\n{text}");
    }
}

/// Pointer of every scalar.
fn scalars(document: &Document, pointer: &str, found: &mut Vec<String>) {
    let below: Vec<String> = match document.length(pointer) {
        Some(length) => (0..length).map(|position| position.to_string()).collect(),
        None => document.keys(pointer).map(str::to_owned).collect(),
    };
    for step in &below {
        scalars(document, &join(pointer, step), found);
    }
    if document.written(pointer).is_some_and(|text| !text.is_empty()) {
        found.push(pointer.to_owned());
    }
}

/// The text with the scalars at these pointers replaced by the variable.
fn with_variable(document: &Document, text: &str, pointers: &[&String]) -> String {
    let mut lines: Vec<Vec<char>> = text.lines().map(|line| line.chars().collect()).collect();
    let mut places: Vec<_> = pointers.iter().map(|pointer| document.place(pointer).expect("a place")).collect();
    // From the end, so that earlier columns stay what they are.
    places.sort_by(|left, right| right.cmp(left));
    for place in places {
        let from = place.column - 1;
        lines[place.line - 1].splice(from..from + place.length, "\"${LEAK}\"".chars());
    }
    lines.iter().map(|line| line.iter().collect::<String>() + "\n").collect()
}

/// Files that use every part of the configuration.
fn good_files() -> Vec<String> {
    let sources = services::documented().into_iter().map(|source| services::around(&source));
    let trackers = trackers::blocks().into_iter().filter(|block| block.starts_with("- id:"));
    let trackers = trackers.map(|block| format!("{}{}", trackers::HEAD, trackers::around(&block)));
    let serving = format!("{}serve:\n{}", serve::HEAD, serve::ALL);
    let living = format!("{}{}", live::HEAD, live::ALL);
    [GOOD.to_owned(), living, serving].into_iter().chain(sources).chain(trackers).collect()
}

#[test]
fn no_value_of_a_good_file_is_repeated_when_a_variable_spoils_it() {
    for text in good_files() {
        let document = Document::read(Path::new("h.yaml"), &text).expect("a document");
        let mut pointers = Vec::new();
        scalars(&document, "", &mut pointers);
        for pointer in &pointers {
            let written = document.written(pointer).unwrap_or_default();
            let leaks = match written.chars().next() {
                Some(first) if first.is_ascii_digit() => &LEAKS[5..],
                _ => &LEAKS[..2],
            };
            assert_kept_back(&with_variable(&document, &text, &[pointer]), leaks);
        }
        // The same at every place of a key, so that one value stands twice and is named by others.
        let last = |pointer: &str| pointer.rsplit('/').find(|step| step.parse::<u8>().is_err()).map(str::to_owned);
        let mut keys: Vec<_> = pointers.iter().map(|pointer| last(pointer)).collect();
        keys.sort();
        keys.dedup();
        for key in keys {
            let same: Vec<&String> = pointers.iter().filter(|pointer| last(pointer) == key).collect();
            assert_kept_back(&with_variable(&document, &text, &same), &[LEAKS[0], LEAKS[3]]);
        }
    }
}

#[test]
fn an_id_that_a_variable_gives_is_not_named_where_another_is_wrong() {
    let text = GOOD
        .replace("id: crm", "id: \"${LEAK}\"")
        .replace("id: hris", "id: \"${LEAK}\"")
        .replace("scopes: [accounts, api-tokens]", "scopes: [\"${LEAK}\", \"${LEAK}\"]")
        .replace("path: exports/crm.ndjson", "path: \"${LEAK}\"")
        .replace("created_at: \"%d.%m.%Y\"", "created_at: \"${LEAK}\"");
    assert_kept_back(&text, &LEAKS[..5]);
    let serving = format!("{}serve:\n  schedule: [{{ cron: \"@daily\", systems: [hr, zq8x7] }}]\n", serve::HEAD);
    assert_kept_back(&serving.replace("id: crm", "id: \"${LEAK}\""), &LEAKS[..1]);
}

/// The smallest value that a schema takes; of several words or forms, one of them.
fn smallest(root: &Value, schema: &Value, choice: usize) -> Value {
    let schema = resolved(root, schema);
    let several = |key: &str| schema[key].as_array().filter(|several| !several.is_empty());
    if let Some(only) = schema.get("const") {
        return only.clone();
    }
    if let Some(words) = several("enum") {
        return words[choice % words.len()].clone();
    }
    if let Some(forms) = several("oneOf").or_else(|| several("anyOf")) {
        return smallest(root, &forms[choice % forms.len()], choice);
    }
    if schema["x-secret"] == true {
        return json!({ "env": "SECRET" });
    }
    match schema["type"].as_str() {
        Some("object") => Value::Object(required(root, schema, choice)),
        Some("array") if schema["minItems"].as_u64().unwrap_or_default() > 0 => {
            json!([smallest(root, &schema["items"], choice)])
        }
        Some("array") => json!([]),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        Some("boolean") => json!(false),
        _ => Value::String(text_for(schema)),
    }
}

fn required(root: &Value, object: &Value, choice: usize) -> Map<String, Value> {
    let keys = object["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    keys.map(|key| (key.to_owned(), smallest(root, &object["properties"][key], choice))).collect()
}

/// A text of the form that a schema asks for; no form takes all of them.
fn text_for(schema: &Value) -> String {
    let validator = jsonschema::draft202012::options().should_validate_formats(true).build(schema).expect("a schema");
    let texts = [
        "https://example.org",
        "x",
        "acme.example",
        "111122223333",
        "/",
        "eu-central-1",
        "1h",
        "2026-08-01",
        "2026-08-01T00:00:00Z",
        "arn:aws:iam::111122223333:role/audit",
        "session",
        "f.prom",
        "KEY",
        "acme/audit",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    ];
    let fitting = texts.iter().find(|text| validator.is_valid(&Value::String((**text).to_owned())));
    (*fitting.unwrap_or_else(|| panic!("no text for {schema}"))).to_owned()
}

fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let target = schema["$ref"].as_str().and_then(|target| target.strip_prefix('#'));
    target.and_then(|pointer| root.pointer(pointer)).unwrap_or(schema)
}

/// Values of a schema that hold the variable at one key each, with what the keys around it need.
fn planted(root: &Value, schema: &Value, key: &str, choice: usize) -> Vec<Value> {
    let schema = resolved(root, schema);
    let here = json!("${LEAK}");
    let forms = ["oneOf", "anyOf"].into_iter().flat_map(|forms| schema[forms].as_array().into_iter().flatten());
    let forms = forms.filter(|form| form.get("const").is_none());
    let mut found: Vec<Value> = forms.flat_map(|form| planted(root, form, key, choice)).collect();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let around = if schema["x-secret"] == true { Map::new() } else { required(root, schema, choice) };
        found.extend(planted(root, property, name, choice).into_iter().map(|value| {
            let mut around = around.clone();
            around.insert(name.clone(), value);
            Value::Object(around)
        }));
    }
    if let Some(values) = schema.get("additionalProperties").filter(|values| values.is_object()) {
        let names = schema["propertyNames"]["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let wanted = if key == "values" { "status" } else { "created_at" };
        let name = names.clone().find(|name| *name == wanted).or_else(|| names.clone().next()).unwrap_or("enabled");
        found.extend(planted(root, values, key, choice).into_iter().map(|value| json!({ name: value })));
    }
    if let Some(items) = schema.get("items") {
        // Each entry makes another choice; whichever connector or format a key belongs to, it is among them.
        let count = if key == "systems" || key == "sources" { 10 } else { 2 };
        let choices: Vec<Vec<Value>> = (0..count).map(|choice| planted(root, items, key, choice)).collect();
        found
            .extend((0..choices[0].len()).map(|at| choices.iter().map(|choice| choice[at].clone()).collect::<Value>()));
    }
    found.push(here);
    found
}

#[test]
fn no_key_of_the_schema_repeats_what_a_variable_put_there() {
    let root: Value = serde_json::from_str(&schema()).expect("JSON");
    let files = planted(&root, &root, "", 0);
    assert!(files.len() > 400, "{} keys", files.len());
    for file in &files {
        assert_kept_back(&file.to_string(), &LEAKS[..1]);
    }
}
