//! The walls of the house, as tests: who may know whom, and what every folder must hold.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Rooms and what each may use of the others. Facts flow from left to right; nobody looks to the right.
const ROOMS: &[(&str, &[&str])] = &[
    ("clock", &[]),
    ("randomness", &[]),
    ("hostile", &[]),
    ("normal", &[]),
    ("problem", &["hostile"]),
    ("yaml", &["problem", "hostile"]),
    ("config", &["yaml", "problem", "hostile", "normal", "roster", "findings", "policy", "exceptions", "tickets"]),
    ("roster", &["yaml", "problem", "hostile", "normal", "config", "report", "store"]),
    ("policy", &["yaml", "problem", "hostile", "roster", "exceptions"]),
    ("exceptions", &["yaml", "problem", "hostile", "normal", "roster", "report"]),
    ("credentials", &[]),
    ("scanners", &["config", "roster"]),
    ("inventory", &[]),
    ("identity", &["config", "normal", "roster", "findings"]),
    ("rules", &["yaml", "problem", "hostile", "normal", "roster", "findings"]),
    ("findings", &["normal", "roster"]),
    ("report", &["findings", "roster", "exceptions"]),
    ("store", &["findings", "report", "roster", "exceptions", "randomness", "policy", "hostile"]),
    (
        "run",
        &[
            "clock",
            "config",
            "exceptions",
            "findings",
            "hostile",
            "identity",
            "inventory",
            "policy",
            "problem",
            "randomness",
            "report",
            "roster",
            "rules",
            "store",
            // Settings alone: whether names are asked for.
            "tickets",
        ],
    ),
    ("emit", &["config", "report", "findings", "roster", "exceptions", "hostile", "rules"]),
    ("metrics", &["config", "report", "findings", "roster", "exceptions", "store", "hostile"]),
    (
        "tickets",
        &["clock", "config", "credentials", "exceptions", "findings", "hostile", "normal", "report", "roster", "store"],
    ),
    ("serve", &["clock", "config", "credentials", "hostile", "metrics", "problem", "report", "run", "store"]),
    // The page answers what the port of `serve` asks; `serve` does not know it.
    ("page", &["clock", "config", "emit", "exceptions", "findings", "hostile", "report", "roster", "serve", "store"]),
];

/// Crates that may appear in one place only.
const AT_HOME: &[(&str, &[&str])] = &[
    ("rusqlite", &["src/store/"]),
    ("anyhow", &["src/cli/"]),
    ("clap", &["src/cli/"]),
    ("indicatif", &["src/cli/"]),
    ("askama", &["src/emit/", "src/page/"]),
    ("axum", &["src/serve/"]),
    ("axum_server", &["src/serve/"]),
    ("croner", &["src/serve/", "src/config/"]),
    ("sd_notify", &["src/serve/", "src/cli/"]),
    ("prometheus", &["src/metrics"]),
    ("cel", &["src/rules/"]),
    ("granit_parser", &["src/yaml"]),
    ("jsonschema", &["src/yaml", "src/emit/"]),
    ("tokio", &["src/run/", "src/cli/", "src/serve/", "src/tickets/"]),
    ("secrecy", &["src/credentials", "src/tickets/trackers/"]),
    ("jsonwebtoken", &["src/tickets/trackers/"]),
];

/// What pure rooms must not touch.
const PURE_ROOMS: &[&str] = &["inventory", "identity", "rules", "findings", "policy", "exceptions", "report"];
const IMPURE: &[&str] =
    &["std::fs", "std::env", "std::net", "std::process", "tokio::", "Utc::now", "SystemTime::now", "Instant::now"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut todo = vec![folder.to_path_buf()];
    while let Some(next) = todo.pop() {
        for entry in std::fs::read_dir(&next).unwrap_or_else(|error| panic!("{}: {error}", next.display())) {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                todo.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

fn room_of(path: &str) -> Option<String> {
    let rest = path.strip_prefix("src/")?;
    let first = rest.split('/').next()?;
    Some(first.trim_end_matches(".rs").to_owned())
}

/// Code without its tests and comments: the walls are about what is shipped.
fn shipped(text: &str) -> String {
    let text = text.split("\n#[cfg(test)]").next().unwrap_or(text);
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn is_test_file(path: &str) -> bool {
    path.ends_with("tests.rs") || path.contains("/tests/") || path.ends_with("/sample.rs") || path.ends_with("suite.rs")
}

#[test]
fn rooms_know_only_the_rooms_to_their_left() {
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        ROOMS.iter().map(|(room, others)| (*room, others.iter().copied().collect())).collect();
    let names: BTreeSet<&str> = allowed.keys().copied().chain(["cli", "emit", "metrics"]).collect();
    let mut wrong = Vec::new();
    for path in sources(&root().join("src")) {
        let shown = relative(&path);
        let Some(room) = room_of(&shown) else { continue };
        if is_test_file(&shown) || matches!(room.as_str(), "cli" | "lib" | "main") {
            continue;
        }
        let Some(allowed) = allowed.get(room.as_str()) else {
            wrong.push(format!("{shown}: room {room} is not in the table"));
            continue;
        };
        let text = shipped(&std::fs::read_to_string(&path).expect("a source file"));
        for (position, _) in text.match_indices("crate::") {
            let other: String = text[position + 7..]
                .chars()
                .take_while(|letter| letter.is_ascii_lowercase() || *letter == '_')
                .collect();
            if names.contains(other.as_str()) && other != room && !allowed.contains(other.as_str()) {
                wrong.push(format!("{shown}: {room} must not know {other}"));
            }
        }
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "walls:\n{}", wrong.join("\n"));
}

/// Whether a path begins with this crate: `cel::Value` does, `excel::Sheet` does not.
fn uses(text: &str, library: &str) -> bool {
    text.match_indices(&format!("{library}::")).any(|(position, _)| {
        !text[..position].ends_with(|letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':')
    })
}

#[test]
fn each_library_stays_in_its_room() {
    let mut wrong = Vec::new();
    for path in sources(&root().join("src")) {
        let shown = relative(&path);
        let text = shipped(&std::fs::read_to_string(&path).expect("a source file"));
        for (library, homes) in AT_HOME {
            let used = uses(&text, library);
            if used && !homes.iter().any(|home| shown.starts_with(home)) && !is_test_file(&shown) {
                wrong.push(format!("{shown}: {library} belongs in {}", homes.join(", ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pure_rooms_touch_neither_files_nor_clock_nor_network() {
    let mut wrong = Vec::new();
    for room in PURE_ROOMS {
        for path in sources(&root().join("src").join(room)) {
            let shown = relative(&path);
            if is_test_file(&shown) {
                continue;
            }
            let text = shipped(&std::fs::read_to_string(&path).expect("a source file"));
            wrong.extend(IMPURE.iter().filter(|word| text.contains(*word)).map(|word| format!("{shown}: {word}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_coverage_room_makes_a_scope_complete() {
    let mut makers = Vec::new();
    for path in sources(&root().join("src/run")) {
        let shown = relative(&path);
        if is_test_file(&shown) {
            continue;
        }
        let text = shipped(&std::fs::read_to_string(&path).expect("a source file"));
        // Comparing with `Complete` is fine anywhere; answering with it is not.
        let answers = text.contains("{ ScopeState::Complete }") || text.contains("=> ScopeState::Complete,");
        if answers {
            makers.push(shown);
        }
    }
    assert_eq!(makers, ["src/run/coverage.rs"]);
}

#[test]
fn scanners_know_the_contract_and_the_transport_and_nothing_else_of_ours() {
    let metadata = cargo_metadata::MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo metadata");
    let ours: BTreeSet<String> = metadata.packages.iter().map(|package| package.name.to_string()).collect();
    let mut seen = 0;
    for package in &metadata.packages {
        let name = package.name.to_string();
        let expected: &[&str] = match name.as_str() {
            "scan-contract" => &[],
            "scan-transport" => &["scan-contract"],
            scanner if scanner.starts_with("scan-") => &["scan-contract", "scan-transport"],
            _ => continue,
        };
        seen += 1;
        let own: BTreeSet<&str> = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind == cargo_metadata::DependencyKind::Normal)
            .map(|dependency| dependency.name.as_str())
            .filter(|dependency| ours.contains(*dependency))
            .collect();
        let expected: BTreeSet<&str> = expected.iter().copied().collect();
        assert!(own.is_subset(&expected), "{name} knows {own:?}");
    }
    assert!(seen >= 4, "the scanners were not found: {ours:?}");
}

/// Libraries that can open a connection, and the one place where each may be named.
const SOCKETS: &[&str] =
    &["reqwest", "hyper", "hyper_util", "tokio::net", "TcpStream", "TcpListener", "UdpSocket", "UnixStream"];

#[test]
fn only_the_transport_opens_connections() {
    let mut wrong = Vec::new();
    for folder in ["src", "scanners"] {
        for path in sources(&root().join(folder)) {
            let shown = relative(&path);
            if is_test_file(&shown) || shown.starts_with("scanners/transport/src/") {
                continue;
            }
            let text = shipped(&std::fs::read_to_string(&path).expect("a source file"));
            // The service listens; it never connects.
            let listens = |word: &str| shown.starts_with("src/serve/") && word == "TcpListener";
            wrong.extend(
                SOCKETS
                    .iter()
                    .filter(|word| !listens(word))
                    .filter(|word| text.contains(*word))
                    .map(|word| format!("{shown}: {word}")),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_simulations_lay_a_wire_in_the_place_of_a_network() {
    let mut wrong = Vec::new();
    for folder in ["src", "scanners"] {
        for path in sources(&root().join(folder)) {
            let shown = relative(&path);
            if is_test_file(&shown) || shown.starts_with("scanners/transport/src/") {
                continue;
            }
            let text = shipped(&std::fs::read_to_string(&path).expect("a source file"));
            let words = ["Door::over", "transport::wire", "wire::Wire", "dyn Wire"];
            wrong.extend(words.iter().filter(|word| text.contains(**word)).map(|word| format!("{shown}: {word}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_library_brings_a_network_of_its_own() {
    let metadata =
        cargo_metadata::MetadataCommand::new().manifest_path(root().join("Cargo.toml")).exec().expect("cargo metadata");
    let names: BTreeMap<_, _> =
        metadata.packages.iter().map(|package| (&package.id, package.name.to_string())).collect();
    let resolve = metadata.resolve.as_ref().expect("a resolved graph");
    let mut clients = BTreeSet::new();
    for node in &resolve.nodes {
        for dependency in &node.deps {
            let shipped = dependency.dep_kinds.iter().any(|kind| kind.kind == cargo_metadata::DependencyKind::Normal);
            let client =
                ["reqwest", "hyper-rustls", "hyper-tls", "native-tls", "openssl", "curl", "ureq", "hyper-util"];
            if shipped && client.contains(&names[&dependency.pkg].as_str()) {
                clients.insert(format!("{} -> {}", names[&node.id], names[&dependency.pkg]));
            }
        }
    }
    // reqwest and its own parts, behind the transport; the kit's servers are never shipped.
    let allowed = |edge: &str| {
        edge.starts_with("scan-transport -> reqwest")
            || edge.starts_with("reqwest -> ")
            || edge.starts_with("hyper-rustls -> ")
            || edge.starts_with("holdover-kit -> ")
            // The service listens by them: the side of the server is all they are asked for, and `only_the_transport_opens_connections`
            // holds that nothing of ours names a client.
            || edge == "axum -> hyper-util"
            || edge == "axum-server -> hyper-util"
            // Body types only: its client is a feature that is off, which the next assertion holds.
            || edge == "octocrab -> hyper-util"
            // The service listens. What it may reach is a matter of `only_the_transport_opens_connections`.
            || matches!(edge, "axum -> hyper-util" | "axum-server -> hyper-util")
    };
    for node in resolve.nodes.iter().filter(|node| names[&node.id] == "octocrab") {
        assert!(
            !node.features.iter().any(|feature| feature.as_str() == "default-client"),
            "octocrab brought its client"
        );
    }
    let wrong: Vec<&String> = clients.iter().filter(|edge| !allowed(edge)).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn each_scanner_has_its_furniture() {
    let list = std::fs::read_to_string(root().join("src/scanners.rs")).expect("src/scanners.rs");
    let mut seen = 0;
    for entry in std::fs::read_dir(root().join("scanners")).expect("scanners/") {
        let folder = entry.expect("an entry").path();
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).expect("a name");
        if !folder.is_dir() || matches!(name.as_str(), "contract" | "transport" | "hr") {
            continue;
        }
        seen += 1;
        for needed in ["manifest.yaml", "README.md", "src/lib.rs"] {
            assert!(folder.join(needed).exists(), "scanners/{name} has no {needed}");
        }
        let tests = sources(&folder).iter().any(|path| is_test_file(&relative(path)));
        assert!(tests, "scanners/{name} has no tests");
        assert!(list.contains(&format!("scan_{name}::")), "src/scanners.rs does not know {name}");
    }
    assert!(seen >= 3);
}

#[test]
fn whoever_offers_follow_ups_calls_them_so_in_the_manifest() {
    let mut seen = 0;
    for path in sources(&root().join("scanners")) {
        let shown = relative(&path);
        let text = shipped(&std::fs::read_to_string(&path).expect("a source file"));
        if is_test_file(&shown) || shown.starts_with("scanners/contract/") || !text.contains("bound_to") {
            continue;
        }
        let folder = shown.split('/').take(2).collect::<Vec<_>>().join("/");
        let manifests = ["manifest.yaml", "manifest-live.yaml"].map(|name| root().join(&folder).join(name));
        let says = manifests.iter().filter_map(|path| std::fs::read_to_string(path).ok());
        assert!(says.into_iter().any(|text| text.contains("follow_up: true")), "{shown}: no manifest says follow_up");
        seen += 1;
    }
    assert!(seen >= 4);
}

#[test]
fn documents_name_only_files_that_exist() {
    let mut pages = vec![root().join("README.md")];
    for entry in std::fs::read_dir(root().join("docs")).expect("docs/") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    let mut wrong = Vec::new();
    for page in pages {
        let text = std::fs::read_to_string(&page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
        let folder = page.parent().expect("a folder");
        for (position, _) in text.match_indices("](") {
            let target: String = text[position + 2..].chars().take_while(|letter| *letter != ')').collect();
            let file = target.split('#').next().unwrap_or("");
            if file.is_empty() || file.contains("://") || file.starts_with("mailto:") {
                continue;
            }
            if !folder.join(file).exists() {
                wrong.push(format!("{}: {target}", relative(&page)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn main_never_returns_an_error() {
    let text = std::fs::read_to_string(root().join("src/main.rs")).expect("main.rs");
    assert!(text.contains("fn main() -> ExitCode"), "1 is what a program returns when main returns Err");
    assert!(text.lines().count() < 40);
}

#[test]
fn no_scanner_can_change_anything_and_the_lists_of_trackers_are_sound() {
    for path in sources(&root().join("scanners")) {
        let shown = relative(&path);
        if shown.starts_with("scanners/transport/") || is_test_file(&shown) {
            continue;
        }
        let text = shipped(&std::fs::read_to_string(&path).expect("a source file"));
        assert!(!text.contains("Purpose::Write") && !text.contains(".write(request"), "{shown} changes something");
    }
    let mut writes = 0;
    for list in holdover::tickets::trackers::lists() {
        assert_eq!(list.check(), Vec::<String>::new(), "{}", list.connector);
        writes += list.operations.iter().filter(|row| row.purpose == scan_transport::Purpose::Write).count();
    }
    assert!(writes > 20, "{writes}");
}
