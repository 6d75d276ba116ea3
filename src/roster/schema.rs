//! The JSON Schema of one record of an NDJSON roster, made from the same words the reader knows.

use serde_json::{Value, json};

use super::model::{EmploymentStatus, EmploymentType, RoleTier, TerminationType, Urgency};

/// The schema, for `holdover schema roster`. A record may hold other keys: they are ignored and listed.
pub fn record() -> Value {
    let date = json!({ "type": ["string", "null"], "format": "date" });
    let instant = json!({ "type": ["string", "null"], "format": "date-time" });
    let text = |longest: u32| json!({ "type": ["string", "null"], "maxLength": longest });
    let words = |words: &[&str]| {
        let words: Vec<Value> = words.iter().map(|word| json!(word)).chain([Value::Null]).collect();
        json!({ "enum": words })
    };
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Canonical roster record: one stint of one person",
        "type": "object",
        "required": ["person_id", "employment_type", "start_date"],
        "properties": {
            "person_id": { "type": "string", "minLength": 1, "maxLength": 64, "pattern": "^\\S(.*\\S)?$" },
            "stint": { "type": ["integer", "null"], "minimum": 1 },
            "employment_type": { "enum": EmploymentType::WORDS },
            "status": words(EmploymentStatus::WORDS),
            "display_name": text(200),
            "preferred_name": text(200),
            "legal_name": text(200),
            "work_email": { "type": ["string", "null"], "maxLength": 254, "pattern": "^[^@\\s]+@[^@\\s]+$" },
            "aliases": { "type": ["array", "null"], "items": alias() },
            "start_date": { "type": "string", "format": "date" },
            "end_date": date,
            "last_day_worked": date,
            "access_end_at": instant,
            "time_zone": text(64),
            "termination_type": words(TerminationType::WORDS),
            "urgency": words(Urgency::WORDS),
            "role_tier": words(RoleTier::WORDS),
            "batch": { "type": ["string", "null"], "maxLength": 64, "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]*$" },
            "manager_person_id": text(64),
            "department": text(128),
            "legal_hold": { "type": ["boolean", "string", "null"] },
            "source": text(64),
            "source_record_id": text(128),
            "updated_at": instant,
        },
    })
}

fn alias() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["kind", "value"],
        "properties": {
            "kind": { "enum": super::aliases::KINDS },
            "value": { "type": "string", "minLength": 1 },
            "system": { "type": ["string", "null"], "pattern": "^[a-z0-9][a-z0-9-]{0,31}$" },
            "personal": { "type": ["boolean", "null"], "default": false },
            "valid_from": { "type": ["string", "null"], "format": "date" },
            "valid_to": { "type": ["string", "null"], "format": "date" },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roster::Column;

    #[test]
    fn every_column_has_its_property() {
        let schema = record();
        let properties = schema["properties"].as_object().expect("properties");
        for name in Column::NAMES {
            assert!(properties.contains_key(*name), "{name}");
        }
        assert_eq!(properties.len(), Column::NAMES.len() + 1, "the columns and the aliases");
    }

    #[test]
    fn the_schema_takes_a_record_and_refuses_a_number_as_an_id() {
        let validator = jsonschema::validator_for(&record()).expect("a valid schema");
        let good = json!({
            "person_id": "00417", "employment_type": "employee", "start_date": "2020-01-01", "end_date": null,
            "aliases": [{ "kind": "username", "system": "crm", "value": "jd" }], "shoe_size": 44,
        });
        assert!(validator.is_valid(&good));
        let mut number = good.clone();
        number["person_id"] = json!(417);
        assert!(!validator.is_valid(&number));
        let mut word = good;
        word["employment_type"] = json!("employe");
        assert!(!validator.is_valid(&word));
    }
}
