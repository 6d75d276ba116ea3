//! Many of everything.

use chrono::TimeDelta;
use holdover_kit::stub::vault::{VaultStub, token_detail};
use scan_contract::{Cause, Scanner};

use crate::drive::{Read, Said, Scene, now, read_pass};

/// Resident set of this process in MiB.
fn memory() -> u64 {
    holdover_kit::suite::resident().unwrap_or(0) / (1024 * 1024)
}

fn many(tokens: usize, entities: usize) -> VaultStub {
    let stub = VaultStub::empty();
    stub.method("", "userpass", "userpass");
    let at = now() - TimeDelta::days(1);
    for number in 0..entities {
        stub.entity(
            "",
            &format!("e-{number:07}"),
            &format!("person{number}"),
            &[("userpass", &format!("person{number}"))],
            at,
        );
    }
    for number in 0..tokens {
        let detail = token_detail(
            "auth/userpass/login/x",
            &format!("e-{:07}", number % entities.max(1)),
            at,
            Some(TimeDelta::days(30)),
        );
        stub.live_token("", &format!("accessor{number:016}"), detail);
    }
    stub
}

async fn lists_only(scene: &Scene) -> Said {
    let mut said = Said::default();
    for pass in scene.scanner.declare().await.expect("scopes") {
        for scope in &pass.scopes {
            said.scopes.insert(scope.name.as_str().to_owned(), Read { kind: scope.kind.clone(), ..Read::default() });
        }
        read_pass(&scene.scanner, &pass, &mut said).await;
    }
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_do_not_grow_with_people() {
    let mut calls = Vec::new();
    for entities in [10, 1_000] {
        let scene = Scene::with(many(0, entities), |_| {});
        let said = lists_only(&scene).await;
        assert!(said.incomplete().is_empty(), "{:?}", said.gaps());
        assert_eq!(said.scope("root/identity.aliases").records.len(), entities);
        calls.push(scene.server.count());
    }
    assert_eq!(calls[0], calls[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cap_on_tokens_is_a_gap_and_what_was_read_stays() {
    let scene = Scene::with(many(50, 1), |settings| settings.caps.tokens = 20);
    let said = lists_only(&scene).await;
    let tokens = said.scope("root/auth.token-accessors");
    assert!(
        tokens.gaps.iter().any(|gap| matches!(&gap.cause, Cause::LimitHit { limit } if limit.contains("20 tokens")))
    );
    assert!(tokens.records.len() >= 19);
}

/// Asked for with `--ignored`: it takes a minute in a debug build, and measures the whole process, server included.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute; run by itself with --ignored"]
async fn a_hundred_thousand_tokens_fit_into_memory() {
    let stub = VaultStub::empty();
    stub.method("", "userpass", "userpass");
    stub.state().crowd = 100_000;
    let scene = Scene::with(stub, |_| {});
    let before = memory();
    let (mut most, mut records, mut gaps) = (0, 0_usize, Vec::new());
    for pass in scene.scanner.declare().await.expect("scopes") {
        let (outlet, mut receiver) = scan_contract::channel(4);
        let counting = async {
            while let Some(item) = receiver.recv().await {
                match item {
                    scan_contract::Item::Sheet { sheet, .. } => records += sheet.len(),
                    scan_contract::Item::Gap(gap) => gaps.push(gap.cause),
                    _ => {}
                }
                most = most.max(memory());
                scene.server.forget();
            }
        };
        let (sealed, ()) = tokio::join!(scene.scanner.read(&pass, outlet), counting);
        sealed.expect("an end");
    }
    eprintln!("{records} records, {before} MiB before, {most} MiB at most");
    assert_eq!((records, gaps), (200_000, Vec::new()));
    assert!(most - before < 256, "{before} to {most} MiB");
}
