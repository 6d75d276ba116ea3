//! Mail addresses in the form in which they are compared.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::config::DomainConfig;
use crate::normal;

/// Declared mail domains: aliases and former names lead to the main one (IDN-3).
#[derive(Debug, Clone, Default)]
pub struct Domains {
    main_by_name: HashMap<String, String>,
}

impl Domains {
    /// Takes the declared domains; names are folded already.
    pub fn new(declared: &[DomainConfig]) -> Self {
        let mut main_by_name = HashMap::new();
        for domain in declared {
            main_by_name.insert(domain.name.clone(), domain.name.clone());
            for alias in &domain.aliases {
                main_by_name.insert(alias.clone(), domain.name.clone());
            }
        }
        Self { main_by_name }
    }

    /// Whether the organisation declared this (folded) domain.
    pub fn is_declared(&self, domain: &str) -> bool {
        self.main_by_name.contains_key(domain)
    }

    /// Main names, for logins that are the local part of an address.
    pub fn main_names(&self) -> impl Iterator<Item = &str> {
        self.main_by_name.iter().filter(|(name, main)| name == main).map(|(name, _)| name.as_str())
    }

    /// The address as it is compared: folded; in a declared domain its alias is replaced by the main name and a
    /// `+tag` is dropped. Elsewhere nothing is inferred: a plus sign may be part of somebody else's address there.
    pub fn canonical<'a>(&self, address: &'a str) -> Cow<'a, str> {
        let folded = normal::fold(address);
        let Some((local, domain)) = normal::split_address(&folded) else { return folded };
        let Some(main) = self.main_by_name.get(domain) else { return folded };
        let plain = local.split_once('+').map_or(local, |(before, _)| if before.is_empty() { local } else { before });
        if plain == local && main == domain {
            return folded;
        }
        Cow::Owned(format!("{plain}@{main}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domains() -> Domains {
        Domains::new(&[DomainConfig {
            name: String::from("acme.example"),
            aliases: vec![String::from("bought.example")],
        }])
    }

    #[test]
    fn spellings_of_one_address_are_one() {
        let domains = domains();
        for spelling in ["Ana.Silva@ACME.example", "ana.silva+ci@acme.example", " ana.silva@Bought.Example "] {
            assert_eq!(domains.canonical(spelling), "ana.silva@acme.example", "{spelling}");
        }
    }

    #[test]
    fn an_undeclared_domain_is_left_alone() {
        assert_eq!(domains().canonical("Ana+x@mail.example"), "ana+x@mail.example");
        assert_eq!(domains().canonical("no address"), "no address");
    }
}
