//! What the differences from a schema are called when people read them.

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{JsonType, ValidationError};
use serde_json::Value;

use crate::problem::{self, Problem};

use super::tree::Content;
use super::{Document, UnknownKeyHelp, pointer};

/// Key of a schema that says in words what a text has to be, such as "a duration such as 15m".
pub(super) const EXPECTED: &str = "x-expected";

/// Key of a schema whose values are never repeated: a secret may stand there by mistake.
pub(super) const SECRET: &str = "x-secret";

/// Longest value that is repeated in a message, in characters.
const SHOWN: usize = 60;

/// Adds what one error means.
pub(super) fn tell(
    document: &Document,
    schema: &Value,
    error: &ValidationError<'_>,
    unknown: UnknownKeyHelp<'_>,
    problems: &mut Vec<Problem>,
) {
    let at = error.instance_path().as_str();
    if is_secret(schema, error) {
        let expected = expectation(schema, error).unwrap_or_else(|| "a reference".to_owned());
        problems.push(document.problem(at, format!("expected {expected}")).concealed());
        return;
    }
    let Some(object) = around(schema, error).filter(|object| takes_secret(schema, object)) else {
        tell_openly(document, schema, error, unknown, problems);
        return;
    };
    // Beside a key that takes a secret, a misspelt one may hold it; in the place of a form, the value itself may be it.
    if error.instance().is_object() {
        let before = problems.len();
        tell_openly(document, schema, error, unknown, problems);
        for problem in &mut problems[before..] {
            problem.quote = problem::Quote::Concealed;
        }
    } else {
        let forms = names_of_forms(object).join(", ");
        problems.push(document.problem(at, format!("expected one of {forms}")).concealed());
    }
}

/// The words and keys of the forms among which a value chooses.
fn names_of_forms(object: &Value) -> Vec<String> {
    let forms = object.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    let names = forms.flat_map(|form| {
        let word = form.get("const").and_then(Value::as_str).map(|word| format!("`{word}`"));
        let keys = form.get("properties").and_then(Value::as_object).into_iter().flatten();
        word.into_iter().chain(keys.map(|(key, _)| format!("{{ {key}: ... }}")))
    });
    names.collect()
}

fn tell_openly(
    document: &Document,
    schema: &Value,
    error: &ValidationError<'_>,
    unknown: UnknownKeyHelp<'_>,
    problems: &mut Vec<Problem>,
) {
    let at = error.instance_path().as_str();
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            let valid = valid_keys(schema, error);
            problems.extend(unexpected.iter().map(|key| unknown_key(document, at, key, &valid, unknown)));
        }
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            branches(document, schema, error, context, unknown, problems);
        }
        ValidationErrorKind::Required { property } => {
            let key = property.as_str().unwrap_or_default();
            let mut problem = document.problem(at, format!("`{key}` is missing"));
            if let Some(says) = property_expectation(schema, error, key) {
                problem = problem.help(format!("`{key}` is {says}"));
            }
            problems.push(problem);
        }
        ValidationErrorKind::Enum { options } => {
            let words: Vec<String> = options.as_array().into_iter().flatten().map(plain).collect();
            problems.push(not_a_word(document, at, error.instance(), &words));
        }
        ValidationErrorKind::Constant { expected_value } => {
            problems.push(not_a_word(document, at, error.instance(), &[plain(expected_value)]));
        }
        ValidationErrorKind::PropertyNames { error: inner } => {
            // The inner error knows the key as its value, but not where the key stands.
            let key = plain(inner.instance());
            let mut words = Vec::new();
            if let ValidationErrorKind::Enum { options } = inner.kind() {
                words.extend(options.as_array().into_iter().flatten().map(plain));
            }
            problems.push(unknown_key(document, at, &key, &words, unknown));
        }
        ValidationErrorKind::Type { kind } => problems.push(wrong_type(document, schema, error, kind)),
        _ => problems.push(out_of_form(document, schema, error)),
    }
}

/// Whether the scalar at a pointer was completed from the environment; its text is then not repeated.
pub(super) fn came_from_environment(document: &Document, at: &str) -> bool {
    matches!(
        pointer::find(&document.root, at).map(|(node, _)| &node.content),
        Some(Content::Scalar(scalar)) if scalar.written.is_some()
    )
}

fn unknown_key(document: &Document, at: &str, key: &str, valid: &[String], unknown: UnknownKeyHelp<'_>) -> Problem {
    let problem = document.key_problem(&pointer::join(at, key), format!("unknown key `{key}`"));
    // A key that is only misspelt is the likelier mistake.
    match (problem::nearest(key, valid.iter().map(String::as_str)), unknown(key)) {
        (Some(near), _) => problem.help(format!("did you mean `{near}`?")),
        (None, Some(help)) => problem.help(help),
        (None, None) if valid.is_empty() => problem,
        (None, None) => problem.help(format!("known here: {}", valid.join(", "))),
    }
}

fn not_a_word(document: &Document, at: &str, found: &Value, words: &[String]) -> Problem {
    let shown = shown(document, at, found);
    if let [only] = words {
        return document.problem(at, format!("{shown} has to be {only}"));
    }
    let problem = document.problem(at, format!("{shown} is not one of {}", words.join(", ")));
    match found.as_str().and_then(|word| problem::nearest(word, words.iter().map(String::as_str))) {
        Some(near) if !came_from_environment(document, at) => problem.help(format!("did you mean `{near}`?")),
        _ => problem,
    }
}

fn wrong_type(document: &Document, schema: &Value, error: &ValidationError<'_>, kind: &TypeKind) -> Problem {
    let at = error.instance_path().as_str();
    let expected = expectation(schema, error).unwrap_or_else(|| match kind {
        TypeKind::Single(one) => type_word(*one).to_owned(),
        TypeKind::Multiple(several) => several.iter().map(type_word).collect::<Vec<_>>().join(" or "),
    });
    let found = error.instance();
    let problem = document.problem(at, format!("expected {expected}, found {}", described(document, at, found)));
    let wants_text = match kind {
        TypeKind::Single(one) => *one == JsonType::String,
        TypeKind::Multiple(several) => several.iter().any(|one| one == JsonType::String),
    };
    match (wants_text, found.as_ref(), document.written(at)) {
        (true, Value::Number(_) | Value::Bool(_), Some(written)) => {
            problem.help(format!("put it into quotes to make it a text: \"{written}\""))
        }
        (_, Value::Null, _) => problem.help("give it a value, or leave the key out"),
        _ => problem,
    }
}

/// Every other way of being wrong: form, length, range, number of entries.
fn out_of_form(document: &Document, schema: &Value, error: &ValidationError<'_>) -> Problem {
    let at = error.instance_path().as_str();
    let found = shown(document, at, error.instance());
    let expected = expectation(schema, error);
    let says = match (error.kind(), expected) {
        (ValidationErrorKind::MinLength { limit: 1 }, _) => "may not be empty".to_owned(),
        (ValidationErrorKind::MinItems { limit } | ValidationErrorKind::MinProperties { limit }, _) => {
            format!("needs at least {limit} {}", entries(*limit))
        }
        (ValidationErrorKind::MaxItems { limit }, _) => format!("may have at most {limit} {}", entries(*limit)),
        (ValidationErrorKind::UniqueItems, _) => "an entry stands twice".to_owned(),
        (_, Some(expected)) => format!("{found} is not {expected}"),
        (ValidationErrorKind::MinLength { limit }, None) => format!("{found} is shorter than {limit} characters"),
        (ValidationErrorKind::MaxLength { limit }, None) => format!("is longer than {limit} characters"),
        (ValidationErrorKind::Minimum { limit }, None) => format!("{found} is less than {limit}"),
        (ValidationErrorKind::Maximum { limit }, None) => format!("{found} is more than {limit}"),
        (ValidationErrorKind::ExclusiveMinimum { limit }, None) => format!("{found} has to be more than {limit}"),
        (ValidationErrorKind::ExclusiveMaximum { limit }, None) => format!("{found} has to be less than {limit}"),
        (ValidationErrorKind::Pattern { pattern }, None) => format!("{found} does not have the form {pattern}"),
        (ValidationErrorKind::Format { format }, None) => format!("{found} is not {}", format_word(format)),
        (kind, None) => format!("{found} does not fit ({})", kind.keyword()),
    };
    document.problem(at, says)
}

/// A value that fits none of several forms: the form it is nearest to is the one that was meant.
fn branches(
    document: &Document,
    schema: &Value,
    error: &ValidationError<'_>,
    context: &[Vec<ValidationError<'static>>],
    unknown: UnknownKeyHelp<'_>,
    problems: &mut Vec<Problem>,
) {
    let at = error.instance_path().as_str();
    // A vocabulary whose words are described one by one: each branch refuses the same place for its word.
    if let Some((place, words)) = vocabulary(context) {
        let found = error.instance().pointer(place.strip_prefix(at).unwrap_or_default()).unwrap_or(&Value::Null);
        problems.push(not_a_word(document, &place, found, &words));
        return;
    }
    let is_wrong_sort = |branch: &&Vec<ValidationError<'static>>| {
        branch.iter().any(|inner| {
            inner.instance_path().as_str() == at && matches!(inner.kind(), ValidationErrorKind::Type { .. })
        })
    };
    let is_other_word = |branch: &&Vec<ValidationError<'static>>| branch.iter().any(|inner| word_of(inner).is_some());
    let best = context
        .iter()
        .filter(|branch| !is_wrong_sort(branch))
        .min_by_key(|branch| (is_other_word(branch), branch.len()));
    if let Some(best) = best {
        for inner in best {
            tell(document, schema, inner, unknown, problems);
        }
        return;
    }
    let mut sorts: Vec<&str> = context
        .iter()
        .flatten()
        .filter_map(|inner| match inner.kind() {
            ValidationErrorKind::Type { kind: TypeKind::Single(one) } if inner.instance_path().as_str() == at => {
                Some(type_word(*one))
            }
            _ => None,
        })
        .collect();
    sorts.dedup();
    let expected = expectation(schema, error).unwrap_or_else(|| sorts.join(" or "));
    let found = described(document, at, error.instance());
    problems.push(document.problem(at, format!("expected {expected}, found {found}")));
}

/// Where every branch refuses the same place because of its word: that place, and all words.
fn vocabulary(context: &[Vec<ValidationError<'static>>]) -> Option<(String, Vec<String>)> {
    let mut place: Option<&str> = None;
    let mut words = Vec::new();
    for branch in context {
        let refusal = branch.iter().find(|inner| word_of(inner).is_some())?;
        if *place.get_or_insert(refusal.instance_path().as_str()) != refusal.instance_path().as_str() {
            return None;
        }
        words.extend(word_of(refusal)?);
    }
    place.map(|place| (place.to_owned(), words))
}

fn word_of(error: &ValidationError<'_>) -> Option<Vec<String>> {
    match error.kind() {
        ValidationErrorKind::Constant { expected_value } => Some(vec![plain(expected_value)]),
        ValidationErrorKind::Enum { options } => Some(options.as_array()?.iter().map(plain).collect()),
        _ => None,
    }
}

/// Keys that the schema knows at the place of an error.
fn valid_keys(schema: &Value, error: &ValidationError<'_>) -> Vec<String> {
    let properties = around(schema, error).and_then(|object| object.get("properties")).and_then(Value::as_object);
    let mut keys: Vec<String> = properties.map(|all| all.keys().cloned().collect()).unwrap_or_default();
    keys.sort();
    keys
}

/// The schema that holds the keyword that failed.
fn around<'a>(schema: &'a Value, error: &ValidationError<'_>) -> Option<&'a Value> {
    let path = error.schema_path().as_str();
    let (parent, _) = path.rsplit_once('/')?;
    schema.pointer(parent)
}

fn is_secret(schema: &Value, error: &ValidationError<'_>) -> bool {
    around(schema, error).is_some_and(|around| around.get(SECRET) == Some(&Value::Bool(true)))
}

/// Whether a mapping has a key that takes a secret, itself or in one of several forms that it chooses from.
fn takes_secret(schema: &Value, object: &Value) -> bool {
    let is_secret = |node: &Value| resolved(schema, node).get(SECRET) == Some(&Value::Bool(true));
    let keys = |node: &Value| -> Vec<Value> {
        node.get("properties").and_then(Value::as_object).map_or_else(Vec::new, |keys| keys.values().cloned().collect())
    };
    let forms = |node: &Value| -> Vec<Value> {
        resolved(schema, node).get("oneOf").and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let form_takes =
        |form: &Value| keys(form).iter().any(|key| is_secret(key) || keys(resolved(schema, key)).iter().any(is_secret));
    keys(object).iter().any(|key| is_secret(key) || forms(key).iter().any(form_takes))
        || forms(object).iter().any(form_takes)
}

fn resolved<'a>(schema: &'a Value, node: &'a Value) -> &'a Value {
    let target = node.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
    target.and_then(|pointer| schema.pointer(pointer)).unwrap_or(node)
}

fn expectation(schema: &Value, error: &ValidationError<'_>) -> Option<String> {
    around(schema, error)?.get(EXPECTED)?.as_str().map(str::to_owned)
}

fn property_expectation(schema: &Value, error: &ValidationError<'_>, key: &str) -> Option<String> {
    let property = around(schema, error)?.get("properties")?.get(key)?;
    let target = resolved(schema, property);
    property.get(EXPECTED).or_else(|| target.get(EXPECTED))?.as_str().map(str::to_owned)
}

/// A found value with its sort, for people.
fn described(document: &Document, at: &str, value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(_) => format!("the truth value {}", shown(document, at, value)),
        Value::Number(_) => format!("the number {}", shown(document, at, value)),
        Value::String(_) => format!("the text {}", shown(document, at, value)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
    }
}

/// A found value as the file has it, shortened.
fn shown(document: &Document, at: &str, value: &Value) -> String {
    let text = document.written(at).map_or_else(|| plain(value), str::to_owned);
    let quoted = matches!(value, Value::String(_));
    let mut short: String = text.chars().take(SHOWN).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    if quoted { format!("\"{short}\"") } else { short }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn entries(limit: u64) -> &'static str {
    if limit == 1 { "entry" } else { "entries" }
}

fn type_word(one: JsonType) -> &'static str {
    match one {
        JsonType::Null => "nothing",
        JsonType::Boolean => "true or false",
        JsonType::Integer => "a whole number",
        JsonType::Number => "a number",
        JsonType::String => "a text",
        JsonType::Array => "a list",
        JsonType::Object => "a mapping",
    }
}

fn format_word(format: &str) -> &str {
    match format {
        "date-time" => "an instant with a time zone such as 2026-08-01T00:00:00Z",
        "date" => "a date such as 2026-08-01",
        "uri" => "a link such as https://tickets.example.org/1",
        other => other,
    }
}
