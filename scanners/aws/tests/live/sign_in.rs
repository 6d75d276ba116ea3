//! Where credentials come from.

use std::sync::Arc;

use holdover_kit::fault::{Answer, Asked, FaultServer, Stub};
use holdover_kit::stub::aws::{KEY_ID, leaver_and_twin};
use scan_aws::live::SignIn;
use scan_contract::{Cause, Scanner};
use scan_transport::SecretRef;
use url::Url;

use crate::kit::*;
use crate::world::*;

/// The metadata service of an instance, version 2: a token first, or nothing.
struct Metadata {
    has_role: bool,
}

impl Stub for Metadata {
    fn answer(&self, asked: &Asked) -> Answer {
        let role = "/latest/meta-data/iam/security-credentials/";
        if asked.method == "PUT" && asked.path == "/latest/api/token" {
            return Answer::bytes("text/plain", "canary-metadata-token")
                .with("x-aws-ec2-metadata-token-ttl-seconds", "21600");
        }
        if asked.header("x-aws-ec2-metadata-token") != Some("canary-metadata-token") {
            return Answer::status(401);
        }
        if !self.has_role {
            return Answer::status(404);
        }
        let end = (chrono::Utc::now() + chrono::TimeDelta::hours(6)).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        match asked.path.strip_prefix(role) {
            Some("") => Answer::bytes("text/plain", "reader"),
            Some("reader") => Answer::json(&serde_json::json!({
                "Code": "Success", "Type": "AWS-HMAC", "LastUpdated": "2026-01-01T00:00:00Z", "Expiration": end,
                "AccessKeyId": KEY_ID, "SecretAccessKey": "canary-imds-secret", "Token": "canary-imds-session",
            })),
            _ => Answer::status(404),
        }
    }
}

#[test]
fn the_role_of_an_instance_is_used_and_an_instance_without_one_is_said() {
    for has_role in [true, false] {
        let metadata = FaultServer::build(Arc::new(Metadata { has_role }))
            .operations(|asked| asked.path.starts_with("/latest/").then(|| String::from("imds")))
            .start();
        let mut world = World::new(leaver_and_twin(now()));
        world.settings.sign_in = SignIn::Imds { endpoint: Some(Url::parse(metadata.origin()).expect("an address")) };
        let identity = block_on(world.scanner().identify());
        if has_role {
            assert_eq!(identity.expect("an identity").found, ACCOUNT);
            assert_eq!(world.read(|_| false).gaps, Vec::new());
        } else {
            assert!(matches!(identity, Err(Cause::Unauthenticated { .. })), "{identity:?}");
        }
        metadata.finish();
        world.server.finish();
    }
}

#[test]
fn a_token_of_a_workload_is_exchanged_for_a_role_and_a_wrong_one_is_refused() {
    let mut world = World::new(leaver_and_twin(now()));
    world.settings.sign_in = SignIn::WebIdentity {
        role_arn: format!("arn:aws:iam::{ACCOUNT}:role/releases"),
        token: SecretRef::Environment(String::from("NOT_READ")),
        session_name: String::from("holdover"),
    };
    assert_eq!(world.read(|_| false).gaps, Vec::new());
    let wrong = scanner(world.settings.clone(), "canary-wrong-token");
    let identity = block_on(wrong.identify());
    assert!(matches!(&identity, Err(Cause::Unauthenticated { detail }) if !detail.contains("canary")), "{identity:?}");
    world.server.finish();
}
