//! The schema of a type, and every way in which a document differs from it.

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{Draft, JsonType, ValidationError, Validator};
use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema};
use serde_json::Value;

use crate::problem::Problem;

use super::{Document, UnknownKeyHelp, forms, scalar, words};

/// JSON Schema (2020-12) of a type, as it is enforced and published.
///
/// An optional key is left out, not set to nothing: the `null` that stands for an absent value in the generated
/// schema is taken away.
pub fn schema_of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with_transform(WithoutNull);
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

/// The schema as it is committed: indented, with a line feed at its end.
pub fn published<T: JsonSchema>() -> String {
    let mut text = format!("{:#}", schema_of::<T>());
    text.push('\n');
    text
}

/// Takes `null` out of unions of a type with nothing.
#[derive(Debug, Clone)]
struct WithoutNull;

impl Transform for WithoutNull {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        let Some(object) = schema.as_object_mut() else { return };
        if let Some(Value::Array(types)) = object.get_mut("type") {
            types.retain(|word| word != "null");
            if let [only] = types.as_slice() {
                let only = only.clone();
                object.insert("type".to_owned(), only);
            }
        }
        if let Some(Value::Array(words)) = object.get_mut("enum") {
            words.retain(|word| !word.is_null());
        }
        if object.get("default").is_some_and(Value::is_null) {
            object.remove("default");
        }
        if let Some(Value::Array(branches)) = object.get_mut("anyOf") {
            branches.retain(|branch| branch.get("type").is_none_or(|word| word != "null"));
            if let [Value::Object(only)] = branches.as_slice() {
                let only = only.clone();
                object.remove("anyOf");
                for (key, value) in only {
                    // A description beside the reference belongs to the key, not to the type.
                    object.entry(key).or_insert(value);
                }
            }
        }
    }
}

/// The document as a value that fits the schema, or every difference.
pub(super) fn check(document: &Document, schema: &Value, unknown: UnknownKeyHelp<'_>) -> Result<Value, Vec<Problem>> {
    let validator = jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        // The same readers that take the value afterwards, so that nothing passes here and falls there.
        .with_format("date-time", |text: &str| forms::instant(text).is_some())
        .with_format("date", |text: &str| forms::date(text).is_some())
        .build(schema)
        .map_err(|error| {
            vec![Problem::file(&document.file, format!("the schema of this build is damaged: {error}"))]
        })?;
    let mut value = document.root.to_json();
    coerce(document, &validator, &mut value);
    let mut problems = Vec::new();
    for error in validator.iter_errors(&value) {
        words::tell(document, schema, &error, unknown, &mut problems);
    }
    if problems.is_empty() { Ok(value) } else { Err(problems) }
}

/// What came from the environment is text; where the schema asks for a number or a truth value, it is read as one.
fn coerce(document: &Document, validator: &Validator, value: &mut Value) {
    let mut wanted: Vec<(String, Value)> = Vec::new();
    for error in validator.iter_errors(value) {
        collect_coercions(document, &error, &mut wanted);
    }
    for (pointer, typed) in wanted {
        if let Some(slot) = value.pointer_mut(&pointer) {
            *slot = typed;
        }
    }
}

fn collect_coercions(document: &Document, error: &ValidationError<'_>, wanted: &mut Vec<(String, Value)>) {
    match error.kind() {
        ValidationErrorKind::Type { kind } => {
            let pointer = error.instance_path().as_str();
            let Value::String(text) = error.instance().as_ref() else { return };
            if !words::came_from_environment(document, pointer) {
                return;
            }
            let typed = scalar::typed(text);
            if fits(kind, &typed) {
                wanted.push((pointer.to_owned(), typed));
            }
        }
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            for branch in context.iter().flatten() {
                collect_coercions(document, branch, wanted);
            }
        }
        _ => {}
    }
}

fn fits(kind: &TypeKind, value: &Value) -> bool {
    let is = |expected: JsonType| match value {
        Value::Bool(_) => expected == JsonType::Boolean,
        Value::Number(number) => {
            expected == JsonType::Number || (expected == JsonType::Integer && (number.is_u64() || number.is_i64()))
        }
        Value::Null | Value::String(_) | Value::Array(_) | Value::Object(_) => false,
    };
    match kind {
        TypeKind::Single(expected) => is(*expected),
        TypeKind::Multiple(expected) => expected.iter().any(is),
    }
}
