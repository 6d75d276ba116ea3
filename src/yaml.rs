//! YAML as people write it: strict, with the place of every value.
//!
//! A document is parsed into a tree that knows where each node stands; duplicate keys, aliases, tags and documents
//! beyond the limits are problems. It is then checked against the JSON Schema of the type that is wanted, so that
//! every mistake is found at once, and the schema that is published is the one that is enforced.
