//! The three kinds of address, and the only sums of them that mean something.
//!
//! - [`LinkAddr`]: an address as an ELF file states it (`st_value`, `sh_addr`, `p_vaddr`).
//! - [`LoadBias`]: what the loader added to a file's link addresses; 0 for a non-PIE executable.
//! - [`RunAddr`]: an address in the running process.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! address {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        pub struct $name(pub u64);

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:#x})"), self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:#x}", self.0)
            }
        }
    };
}

address! {
    /// An address as an ELF file states it.
    LinkAddr
}
address! {
    /// An address in the running process.
    RunAddr
}
address! {
    /// What has to be added to a link address of one file to get the run address (modulo 2^64).
    LoadBias
}

impl LinkAddr {
    /// The address in the process whose loader used `bias` for this file.
    #[must_use]
    pub fn run(self, bias: LoadBias) -> RunAddr {
        RunAddr(self.0.wrapping_add(bias.0))
    }

    /// `self + bytes`, still inside the same file.
    #[must_use]
    pub fn offset(self, bytes: u64) -> Self {
        Self(self.0.wrapping_add(bytes))
    }
}

impl RunAddr {
    /// `self + bytes`, still inside the same process.
    #[must_use]
    pub fn offset(self, bytes: u64) -> Self {
        Self(self.0.wrapping_add(bytes))
    }

    /// The address in the file that was loaded with `bias`.
    #[must_use]
    pub fn link(self, bias: LoadBias) -> LinkAddr {
        LinkAddr(self.0.wrapping_sub(bias.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_and_run_addresses_are_inverse_under_any_bias() {
        for bias in [0, 0x5555_5555_4000, u64::MAX - 0xfff] {
            let bias = LoadBias(bias);
            assert_eq!(LinkAddr(0x1234).run(bias).link(bias), LinkAddr(0x1234));
        }
    }
}
