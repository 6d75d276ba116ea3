//! Answers, rendered from the objects.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{Answer, Asked, Operation, Question, State, StubToken, VaultStub, framed, policy, refusal};

/// Paths below a mount that each type of engine answers.
fn offered(kind: &str, openbao: bool) -> &'static [&'static str] {
    match (kind, openbao) {
        ("kv", true) => &["metadata", "data", "detailed-metadata"],
        ("kv", false) => &["metadata", "data"],
        ("pki", true) => &["certs", "certs/detailed", "cert", "roles", "issue"],
        ("pki", false) => &["certs", "cert", "roles", "issue"],
        ("ssh", _) => &["roles", "sign"],
        ("database", _) => &["static-roles", "static-creds", "roles", "creds"],
        ("userpass" | "ldap", _) => &["users"],
        ("jwt" | "oidc" | "kubernetes" | "approle", _) => &["role"],
        ("cert", _) => &["certs"],
        _ => &[],
    }
}

impl VaultStub {
    pub(super) fn health(&self, question: &Question) -> Answer {
        if !question.namespace.is_empty() {
            return refusal(400, &["operation unavailable in namespaces"]);
        }
        let state = self.state();
        let mut body = json!({
            "initialized": true, "sealed": state.sealed, "standby": false, "replication_performance_mode": "disabled",
            "replication_dr_mode": "disabled", "server_time_utc": 0, "version": "2.0.0",
        });
        if !state.sealed {
            body["cluster_id"] = json!(state.cluster_id);
            body["cluster_name"] = json!(state.cluster_name);
        }
        Answer::json(&body)
    }

    pub(super) fn route(&self, question: &Question, asked: &Asked, token: &str, known: &StubToken) -> Answer {
        match (question.operation, question.path.as_str()) {
            (Operation::Read, "auth/token/lookup-self") => own(known),
            (Operation::Update, "auth/token/revoke-self") => {
                let mut state = self.state();
                state.tokens.remove(token);
                state.revoked.insert(token.to_owned());
                Answer::status(204)
            }
            (Operation::Update, "sys/capabilities-self") => self.capabilities(asked, known),
            (Operation::Update, "auth/token/lookup-accessor") => self.look_up_accessor(question, asked),
            (Operation::Update, "sys/leases/lookup") => self.look_up(question, asked, "lease_id", "invalid lease"),
            (Operation::Update, path) if path.ends_with("/secret-id-accessor/lookup") => {
                self.look_up_secret_id(question, asked)
            }
            (Operation::Update, _) => refusal(400, &["the stub makes nothing"]),
            (Operation::List, "auth/token/accessors") => self.accessors(question),
            (Operation::List, "sys/namespaces") => self.list_namespaces(question),
            (Operation::List, path) => self.list(question, path),
            (Operation::Read, path) => self.read(question, path),
        }
    }

    fn capabilities(&self, asked: &Asked, known: &StubToken) -> Answer {
        let state = self.state();
        let mut data = Map::new();
        for path in asked.json()["paths"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let mut held = policy::held(&state, known, path, true);
            if held.is_empty() {
                held.push(String::from("deny"));
            }
            data.insert(path.to_owned(), json!(held));
        }
        framed(&Value::Object(data))
    }

    fn look_up_accessor(&self, question: &Question, asked: &Asked) -> Answer {
        let body = asked.json();
        let accessor = body["accessor"].as_str().unwrap_or_default();
        if let Some(number) = accessor.strip_prefix("crowd").and_then(|number| number.parse().ok()) {
            let (id, _) = of_crowd(number);
            let at = chrono::DateTime::from_timestamp(1_750_000_000, 0).unwrap_or_default();
            let lives = Some(chrono::TimeDelta::days(9_000));
            return framed(&super::token_detail("auth/userpass/login/x", &id, at, lives));
        }
        let state = self.state();
        if let Some(found) =
            state.objects.get(&(question.namespace.clone(), format!("auth/token/accessors/{accessor}")))
        {
            return framed(found);
        }
        match state.tokens.values().find(|known| known.accessor == accessor && known.namespace == question.namespace) {
            Some(known) => own(known),
            None => refusal(400, &["1 error occurred:\n\t* invalid accessor\n\n"]),
        }
    }

    fn look_up(&self, question: &Question, asked: &Asked, key: &str, words: &str) -> Answer {
        let id = asked.json()[key].as_str().unwrap_or_default().to_owned();
        let state = self.state();
        match state.objects.get(&(question.namespace.clone(), format!("{}/{id}", question.path))) {
            Some(found) => framed(found),
            None => refusal(400, &[words]),
        }
    }

    fn look_up_secret_id(&self, question: &Question, asked: &Asked) -> Answer {
        let accessor = asked.json()["secret_id_accessor"].as_str().unwrap_or_default().to_owned();
        let role = question.path.trim_end_matches("/secret-id-accessor/lookup");
        let state = self.state();
        if let Some(found) = state.objects.get(&(question.namespace.clone(), format!("{role}/secret-id/{accessor}"))) {
            return framed(found);
        }
        let error = format!("failed to find accessor entry for secret_id_accessor: {accessor:?}");
        framed(&json!({ "error": error })).of(404)
    }

    fn accessors(&self, question: &Question) -> Answer {
        let state = self.state();
        let mut keys: Vec<String> =
            below(&state, &question.namespace, "auth/token/accessors").map(|(name, _)| name.to_owned()).collect();
        keys.extend((0..state.crowd).map(|number| format!("crowd{number:019}")));
        keys.extend(
            state
                .tokens
                .values()
                .filter(|known| known.namespace == question.namespace && !known.accessor.is_empty())
                .map(|known| known.accessor.clone()),
        );
        if keys.is_empty() { refusal(404, &[]) } else { framed(&json!({ "keys": keys })) }
    }

    fn list_namespaces(&self, question: &Question) -> Answer {
        let state = self.state();
        if !state.openbao && question.namespace.is_empty() && state.namespaces.len() == 1 {
            return refusal(404, &["1 error occurred:\n\t* unsupported path\n\n"]);
        }
        let mut info = Map::new();
        for path in state.namespaces.iter().filter(|path| !path.is_empty()) {
            let relative = if question.namespace.is_empty() {
                Some(path.as_str())
            } else {
                path.strip_prefix(&format!("{}/", question.namespace))
            };
            if let Some(relative) = relative.filter(|relative| !relative.contains('/')) {
                info.insert(
                    format!("{relative}/"),
                    json!({ "path": format!("{path}/"), "locked": false, "tainted": false }),
                );
            }
        }
        listed(&info.keys().cloned().collect::<Vec<_>>(), Some(info.clone()))
    }

    fn list(&self, question: &Question, path: &str) -> Answer {
        if let Some(refused) = self.no_such_path(question, path) {
            return refused;
        }
        let state = self.state();
        match path {
            "identity/entity/id" => entities(&state, question),
            "identity/entity-alias/id" => aliases(&state, question),
            "identity/group/id" => groups(&state, question),
            "sys/policies/acl" => {
                let mut keys: Vec<String> = names(&state, &question.namespace, path);
                if question.namespace.is_empty() {
                    keys.push(String::from("root"));
                }
                listed(&keys, None)
            }
            path if path.ends_with("/certs/detailed") => detailed_certificates(&state, question, path),
            path if path.contains("/detailed-metadata") => detailed_metadata(&state, question, path),
            path => listed(&names(&state, &question.namespace, path), None),
        }
    }

    fn read(&self, question: &Question, path: &str) -> Answer {
        for (table, root_only) in [("sys/mounts", false), ("sys/auth", false), ("sys/audit", true)] {
            if path == table {
                if root_only && !question.namespace.is_empty() {
                    return refusal(400, &["operation only available in root namespace"]);
                }
                return table_of(&self.state(), &question.namespace, table);
            }
        }
        if path == "sys/internal/counters/entities" {
            let state = self.state();
            let held = state.objects.keys().filter(|(_, path)| path.starts_with("identity/entity/id/")).count();
            let total = held + state.crowd;
            return framed(&json!({ "counters": { "entities": { "total": total } } }));
        }
        if let Some(refused) = self.no_such_path(question, path) {
            return refused;
        }
        if let Some(value) = self.value(question, path) {
            self.count_value();
            return framed(&json!({ "data": { "value": value }, "metadata": {} }));
        }
        if ["/creds/", "/static-creds/", "/issue/", "/sign/"].iter().any(|part| path.contains(part)) {
            self.count_value();
        }
        if let Some(id) = path.strip_prefix("identity/entity-alias/id/") {
            return alias(&self.state(), question, id);
        }
        let key = (question.namespace.clone(), path.to_owned());
        match self.state().objects.get(&key) {
            Some(found) => framed(found),
            None => refusal(404, &[]),
        }
    }

    fn value(&self, question: &Question, path: &str) -> Option<String> {
        let (mount, rest) = path.split_once("/data/")?;
        self.state().values.get(&(question.namespace.clone(), format!("{mount}/{rest}"))).cloned()
    }

    /// The text of the server where no engine answers, or one of another type does.
    fn no_such_path(&self, question: &Question, path: &str) -> Option<Answer> {
        if ["sys/", "identity/", "auth/token/"].iter().any(|fixed| path.starts_with(fixed)) {
            return None;
        }
        let state = self.state();
        let (table, bare) = match path.strip_prefix("auth/") {
            Some(bare) => ("sys/auth/", bare),
            None => ("sys/mounts/", path),
        };
        let mount = state
            .objects
            .iter()
            .filter(|((namespace, path), _)| *namespace == question.namespace && path.starts_with(table))
            .filter_map(|((_, path), value)| Some((path.strip_prefix(table)?, value)))
            .find(|(mount, _)| format!("{bare}/").starts_with(*mount));
        let Some((mount, info)) = mount else {
            return Some(refusal(404, &[&format!("no handler for route \"{path}/\". route entry not found.")]));
        };
        let rest = format!("{bare}/");
        let rest = rest.strip_prefix(mount).unwrap_or_default();
        let kind = info["type"].as_str().unwrap_or_default();
        let fits = offered(kind, state.openbao).iter().any(|known| rest.starts_with(&format!("{known}/")));
        let too_new = !state.openbao && (rest.starts_with("certs/detailed") || rest.starts_with("detailed-metadata"));
        (!fits || too_new).then(|| refusal(404, &["1 error occurred:\n\t* unsupported path\n\n"]))
    }
}

fn own(known: &StubToken) -> Answer {
    let mut data = json!({
        "accessor": known.accessor, "creation_time": 1_700_000_000, "creation_ttl": 3600, "display_name": "approle",
        "entity_id": known.entity, "expire_time": null, "explicit_max_ttl": 0, "id": "", "meta": null, "num_uses": 0,
        "orphan": true, "path": "auth/approle/login", "policies": known.policies, "renewable": true, "ttl": 3600,
        "type": if known.accessor.is_empty() { "batch" } else { "service" },
    });
    if !known.namespace.is_empty() {
        data["namespace_path"] = json!(format!("{}/", known.namespace));
    }
    framed(&data)
}

/// Names directly below a path with their objects.
fn below<'a>(state: &'a State, namespace: &str, path: &str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let (namespace, prefix) = (namespace.to_owned(), format!("{path}/"));
    state
        .objects
        .range((namespace.clone(), prefix.clone())..)
        .take_while({
            let prefix = prefix.clone();
            move |((known, path), _)| *known == namespace && path.starts_with(&prefix)
        })
        .map(move |((_, path), value)| (&path[prefix.len()..], value))
}

/// Names and folders directly below a path, each once, in order.
fn names(state: &State, namespace: &str, path: &str) -> Vec<String> {
    let mut found: BTreeSet<String> = BTreeSet::new();
    for (rest, _) in below(state, namespace, path) {
        found.insert(match rest.split_once('/') {
            // Roles hold their secret ids below them, which no list of roles shows.
            Some((name, more)) if more.starts_with("secret-id/") => name.to_owned(),
            Some((folder, _)) => format!("{folder}/"),
            None => rest.to_owned(),
        });
    }
    found.into_iter().collect()
}

fn listed(keys: &[String], info: Option<Map<String, Value>>) -> Answer {
    if keys.is_empty() {
        return refusal(404, &[]);
    }
    match info {
        Some(info) => framed(&json!({ "keys": keys, "key_info": info })),
        None => framed(&json!({ "keys": keys })),
    }
}

/// A table of mounts stands in the answer twice: in `data`, and beside it.
fn table_of(state: &State, namespace: &str, table: &str) -> Answer {
    let entries: Map<String, Value> =
        below(state, namespace, table).map(|(name, value)| (name.to_owned(), value.clone())).collect();
    framed(&Value::Object(entries.clone())).edit(|body| {
        for (name, value) in entries {
            body[name] = value;
        }
    })
}

/// Id and name of one of the crowd.
fn of_crowd(number: usize) -> (String, String) {
    (format!("e-{number:07}"), format!("person{number}"))
}

/// A list of the crowd, as text: `describe` writes one of them.
fn crowd(state: &State, key: impl Fn(usize) -> String, describe: impl Fn(usize) -> String) -> Answer {
    let mut text = String::from("{\"request_id\":\"x\",\"data\":{\"key_info\":{");
    for number in 0..state.crowd {
        let comma = if number == 0 { "" } else { "," };
        text.push_str(&[comma, "\"", &key(number), "\":", &describe(number)].concat());
    }
    text.push_str("},\"keys\":[");
    for number in 0..state.crowd {
        let comma = if number == 0 { "" } else { "," };
        text.push_str(&[comma, "\"", &key(number), "\""].concat());
    }
    text.push_str("]},\"warnings\":null,\"auth\":null}");
    Answer::json_text(text)
}

const CROWD_ALIAS: &str =
    "\"mount_accessor\":\"auth_userpass_1\",\"mount_path\":\"auth/userpass/\",\"mount_type\":\"userpass\"";

fn entities(state: &State, question: &Question) -> Answer {
    if state.crowd > 0 {
        let describe = |number| {
            let (id, name) = of_crowd(number);
            let alias = format!("{{\"id\":\"alias-{id}\",\"name\":\"{name}\",{CROWD_ALIAS}}}");
            format!("{{\"name\":\"{name}\",\"aliases\":[{alias}]}}")
        };
        return crowd(state, |number| of_crowd(number).0, describe);
    }
    let mut info = Map::new();
    for (id, entity) in below(state, &question.namespace, "identity/entity/id") {
        let mut entry = json!({ "name": entity["name"] });
        let aliases: Vec<Value> = entity["aliases"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|alias| {
                json!({
                    "id": alias["id"], "name": alias["name"], "mount_accessor": alias["mount_accessor"],
                    "mount_path": alias["mount_path"], "mount_type": alias["mount_type"],
                })
            })
            .collect();
        if !aliases.is_empty() {
            entry["aliases"] = json!(aliases);
        }
        info.insert(id.to_owned(), entry);
    }
    listed(&info.keys().cloned().collect::<Vec<_>>(), Some(info.clone()))
}

fn aliases(state: &State, question: &Question) -> Answer {
    if state.crowd > 0 {
        let describe = |number| {
            let (id, name) = of_crowd(number);
            let empty = "\"metadata\":null,\"custom_metadata\":null,\"local\":false";
            format!("{{\"canonical_id\":\"{id}\",\"name\":\"{name}\",{empty},{CROWD_ALIAS}}}")
        };
        return crowd(state, |number| format!("alias-{}", of_crowd(number).0), describe);
    }
    let mut info = Map::new();
    for (_, entity) in below(state, &question.namespace, "identity/entity/id") {
        for alias in entity["aliases"].as_array().into_iter().flatten() {
            let mut entry = alias.clone();
            if let Some(fields) = entry.as_object_mut() {
                fields.retain(|key, _| {
                    !matches!(key.as_str(), "id" | "creation_time" | "last_update_time" | "merged_from_canonical_ids")
                });
            }
            info.insert(alias["id"].as_str().unwrap_or_default().to_owned(), entry);
        }
    }
    listed(&info.keys().cloned().collect::<Vec<_>>(), Some(info.clone()))
}

fn alias(state: &State, question: &Question, id: &str) -> Answer {
    let all = below(state, &question.namespace, "identity/entity/id");
    let mut aliases = all.flat_map(|(_, entity)| entity["aliases"].as_array().into_iter().flatten());
    match aliases.find(|alias| alias["id"] == id) {
        Some(found) => framed(found),
        None => refusal(404, &[]),
    }
}

fn groups(state: &State, question: &Question) -> Answer {
    let mut info = Map::new();
    for (id, group) in below(state, &question.namespace, "identity/group/id") {
        let count = |key: &str| group[key].as_array().map_or(0, Vec::len);
        let entry = json!({
            "name": group["name"], "num_member_entities": count("member_entity_ids"), "num_parent_groups": count("parent_group_ids"),
        });
        info.insert(id.to_owned(), entry);
    }
    listed(&info.keys().cloned().collect::<Vec<_>>(), Some(info.clone()))
}

fn page(keys: Vec<String>, question: &Question) -> Vec<String> {
    keys.into_iter().filter(|key| *key > question.after).take(question.limit).collect()
}

fn detailed_metadata(state: &State, question: &Question, path: &str) -> Answer {
    let plain = path.replacen("/detailed-metadata", "/metadata", 1);
    let keys = page(names(state, &question.namespace, &plain), question);
    let mut info = Map::new();
    for key in &keys {
        let found = state.objects.get(&(question.namespace.clone(), format!("{plain}/{key}")));
        info.insert(key.clone(), found.cloned().unwrap_or_else(|| json!({})));
    }
    listed(&keys, Some(info))
}

fn detailed_certificates(state: &State, question: &Question, path: &str) -> Answer {
    let serials = path.trim_end_matches("/detailed").to_owned();
    let mount = path.trim_end_matches("/certs/detailed");
    let keys = page(names(state, &question.namespace, &serials), question);
    let mut info = Map::new();
    for key in &keys {
        let found = state.objects.get(&(question.namespace.clone(), format!("{mount}/cert/{key}")));
        let not_after = found.map_or(Value::Null, |found| found["not_after"].clone());
        info.insert(key.clone(), json!({ "not_after": not_after, "common_name": "", "dns_names": null }));
    }
    listed(&keys, Some(info))
}
