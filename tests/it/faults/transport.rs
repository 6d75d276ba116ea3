//! Rows X1 to X5: names, certificates, stalls, bombs, and links that lead elsewhere.
