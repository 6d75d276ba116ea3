//! A tree of hosts.

use std::path::Path;

use super::{Sound, absences, cut, rewrite, swap};
use crate::company::{Company, sha256};

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB/DDthL3SXHoGEKAOlM3J3HcC9IXlQxFlTUBsodOY1s ana@acme.example";
const HOSTS: &str = "hosts.txt";

/// Files of one host, in the form the collector leaves them.
fn host() -> Vec<(&'static str, String)> {
    vec![
        (
            "etc/passwd",
            String::from(
                "root:x:0:0:root:/root:/bin/bash\nana:x:1000:1000:Ana:/home/ana:/bin/bash\nben:x:1001:1001:Ben:/home/ben:/bin/bash\n",
            ),
        ),
        ("etc/group", String::from("root:x:0:\nsudo:x:27:ana\nana:x:1000:\nben:x:1001:\n")),
        ("etc/hostname", String::from("web-1\n")),
        ("etc/nsswitch.conf", String::from("passwd: files\ngroup: files\n")),
        ("etc/ssh/sshd_config", String::from("UsePAM yes\nAuthorizedKeysFile .ssh/authorized_keys\n")),
        ("etc/sudoers", String::from("root ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL:ALL) ALL\n")),
        ("home/ana/.ssh/authorized_keys", format!("{KEY}\n")),
        ("who.txt", String::from("# holdover-who 1\n# taken-at: 2026-08-03T00:28:00Z\n# time-zone: UTC\n# end 0\n")),
    ]
}

const ABSENT: [&str; 4] =
    ["/root/.ssh/authorized_keys", "/home/ben/.ssh/authorized_keys", "/etc/shadow", "/etc/login.defs"];

fn listing(name: &str, files: &[(&str, String)], absent: &[&str]) -> String {
    let mut lines: Vec<String> = absent.iter().map(|path| format!("absent {path}")).collect();
    lines
        .extend(files.iter().map(|(path, text)| format!("present {} {} /{path}", text.len(), sha256(text.as_bytes()))));
    format!("# holdover-files 1\n# host: {name}\n{}\n# end {}\n", lines.join("\n"), lines.len())
}

fn sound() -> Sound {
    let mut company = Company::new();
    for name in ["web-1", "web-2"] {
        let files = host();
        for (path, text) in &files {
            company.write(&format!("hosts/{name}/{path}"), text);
        }
        company.write(&format!("hosts/{name}/files.txt"), listing(name, &files, &ABSENT));
    }
    let hosts = "web-1\nweb-2\n";
    company.write(HOSTS, hosts);
    company.write(
        "aliases.csv",
        "person_id,kind,value,system,personal,valid_from,valid_to\np-1,username,ana,fleet,false,,\n",
    );
    company.roster_extra = String::from("  aliases: aliases.csv\n");
    company.system_extra = format!(
        "\x20 - id: fleet
    connector: ssh
    tier: tier0
    tree: hosts
    expected_hosts: {{ path: hosts.txt, sha256: {} }}
    as_of: 2026-08-03T00:30:00Z
",
        sha256(hosts.as_bytes())
    );
    company.write_all();
    Sound::new(company, &[])
}

fn at(path: &str) -> String {
    format!("hosts/web-1/{path}")
}

#[test]
fn a_file_of_a_host_that_was_cut_or_is_not_there_is_a_gap() {
    let sound = sound();
    for (path, text) in host() {
        for part in [2, 1] {
            let position = text.len() - text.len() / 2 * (part - 1) - 1;
            sound.refuses(&format!("{path} cut at {position}"), &["fleet/"], |folder| cut(folder, &at(path), position));
        }
        for (what, damage) in absences() {
            sound.refuses(&format!("{path} is {what}"), &["fleet/"], |folder| damage(folder, &at(path)));
        }
    }
}

#[test]
fn the_listing_of_a_host_proves_its_own_end() {
    let sound = sound();
    let text = std::fs::read(sound.path().join(at("files.txt"))).expect("the listing");
    for step in 0..12 {
        let position = text.len() * step / 12;
        sound.refuses(&format!("files.txt cut at {position}"), &["web-1"], |folder| {
            cut(folder, &at("files.txt"), position);
        });
    }
    for back in [2, 4, 7] {
        sound.refuses(&format!("files.txt without its last {back} bytes"), &["web-1"], |folder| {
            cut(folder, &at("files.txt"), text.len() - back);
        });
    }
    for (what, damage) in absences() {
        sound.refuses(&format!("files.txt is {what}"), &["web-1"], |folder| damage(folder, &at("files.txt")));
    }
}

#[test]
fn a_host_or_the_tree_that_is_not_there_is_a_gap() {
    let sound = sound();
    sound.refuses("a host without folder", &["web-1"], |folder| {
        std::fs::remove_dir_all(folder.join("hosts/web-1")).expect("removed");
    });
    sound.refuses("no tree", &["fleet/"], |folder| std::fs::remove_dir_all(folder.join("hosts")).expect("removed"));
    sound.refuses("a file in the place of the tree", &["fleet/"], |folder| {
        std::fs::remove_dir_all(folder.join("hosts")).expect("removed");
        std::fs::write(folder.join("hosts"), "").expect("a file");
    });
    sound.refuses("a link in the place of a host", &["web-1"], |folder| {
        std::fs::rename(folder.join("hosts/web-1"), folder.join("elsewhere")).expect("moved");
        std::os::unix::fs::symlink("../elsewhere", folder.join("hosts/web-1")).expect("a link");
    });
    for (what, damage) in absences() {
        sound.refuses(&format!("hosts.txt is {what}"), &["hosts.txt"], |folder| damage(folder, HOSTS));
    }
    sound.refuses("a list of hosts that became shorter", &["hosts.txt"], |folder| swap(folder, HOSTS, "web-2\n", ""));
}

#[test]
fn each_damage_of_a_host_is_a_gap() {
    let sound = sound();
    let table: &[(&str, &dyn Fn(&Path))] = &[
        ("another digest", &|folder| swap(folder, &at("home/ana/.ssh/authorized_keys"), "ana@acme", "ben@acme")),
        ("a key file that could not be read", &|folder| {
            relist(folder, |files, lines| {
                let text = &files.iter().find(|(path, _)| path.contains("ana/.ssh")).expect("the file").1;
                let present =
                    format!("present {} {} /home/ana/.ssh/authorized_keys", text.len(), sha256(text.as_bytes()));
                replace(lines, &present, "denied /home/ana/.ssh/authorized_keys");
            });
            std::fs::remove_file(folder.join(at("home/ana/.ssh/authorized_keys"))).expect("removed");
        }),
        ("a key file nobody looked for", &|folder| {
            relist(folder, |_, lines| lines.retain(|line| !line.contains("/home/ben/.ssh")));
        }),
        ("no passwd in the listing", &|folder| {
            relist(folder, |_, lines| lines.retain(|line| !line.ends_with("/etc/passwd")));
        }),
        ("no sshd_config in the listing", &|folder| {
            relist(folder, |_, lines| lines.retain(|line| !line.ends_with("/etc/ssh/sshd_config")));
        }),
        ("a listing of another host", &|folder| swap(folder, &at("files.txt"), "# host: web-1", "# host: web-9")),
        ("a wrong number of lines", &|folder| swap(folder, &at("files.txt"), "# end 12", "# end 13")),
        ("a later version of the listing", &|folder| {
            swap(folder, &at("files.txt"), "# holdover-files 1", "# holdover-files 2");
        }),
        ("a word the listing does not know", &|folder| {
            swap(folder, &at("files.txt"), "absent /etc/shadow", "gone /etc/shadow");
        }),
        ("a server that asks another program for keys", &|folder| {
            change(
                folder,
                "etc/ssh/sshd_config",
                "UsePAM yes\n",
                "AuthorizedKeysCommand /usr/bin/keys\nAuthorizedKeysCommandUser nobody\n",
            );
        }),
        ("a server that reads an included file", &|folder| {
            change(folder, "etc/ssh/sshd_config", "UsePAM yes\n", "Include /etc/ssh/other.conf\n");
        }),
        ("a server with another key file", &|folder| {
            change(folder, "etc/ssh/sshd_config", ".ssh/authorized_keys", "/etc/keys/%u");
        }),
        ("accounts from a directory", &|folder| {
            change(folder, "etc/nsswitch.conf", "passwd: files", "passwd: files ldap");
        }),
        ("a line of passwd that is none", &|folder| {
            change(folder, "etc/passwd", "ana:x:1000:1000:Ana:/home/ana:/bin/bash", "ana:x:1000");
        }),
        ("a key that is none", &|folder| {
            change(folder, "home/ana/.ssh/authorized_keys", "AAAAC3NzaC1lZDI1NTE5AAAAI", "AAAAC3NzaC1lZDI1NTE5AAAA!");
        }),
    ];
    for (what, damage) in table {
        sound.refuses(what, &["fleet/"], damage);
    }
}

#[test]
fn the_twin_that_was_collected_again_is_believed() {
    let sound = sound();
    let (_copy, run) = sound.after(|folder| change(folder, "etc/hostname", "web-1", "web-1.acme.example"));
    run.expect(1);
    assert!(sound.is_unchanged(&run), "{:?}", run.states());
}

/// Changes a file of the host and its line in the listing: the damage is on the host, not on the way.
fn change(folder: &Path, path: &str, from: &str, to: &str) {
    let before = std::fs::read_to_string(folder.join(at(path))).expect("the file");
    assert!(before.contains(from), "{path} has no {from:?}");
    let after = before.replace(from, to);
    std::fs::write(folder.join(at(path)), &after).expect("the file");
    let line = |text: &str| format!("present {} {} /{path}", text.len(), sha256(text.as_bytes()));
    swap(folder, &at("files.txt"), &line(&before), &line(&after));
}

/// Writes the listing anew, with its count.
fn relist(folder: &Path, edit: impl FnOnce(&[(&str, String)], &mut Vec<String>)) {
    rewrite(folder, &at("files.txt"), |bytes| {
        let text = String::from_utf8(bytes).expect("text");
        let mut lines: Vec<String> = text.lines().filter(|line| !line.starts_with('#')).map(String::from).collect();
        edit(&host(), &mut lines);
        format!("# holdover-files 1\n# host: web-1\n{}\n# end {}\n", lines.join("\n"), lines.len()).into_bytes()
    });
}

fn replace(lines: &mut [String], from: &str, to: &str) {
    let line = lines.iter_mut().find(|line| *line == from).unwrap_or_else(|| panic!("no line {from}"));
    *line = String::from(to);
}
