//! Types as they are checked at run time.
//!
//! In: a module's type table. Out: immortal trees, bounded in depth so that a check may recurse.

use rata_bytecode::module::Type;
use rata_bytecode::operand::TypeId;
use rata_bytecode::verify::{MAX_TYPE_DEPTH, MAX_TYPE_SIZE};

/// A type.
pub(crate) struct RtType {
    pub(crate) shape: RtShape,
    depth: u32,
    size: u32,
}

/// See [`RtType`].
pub(crate) enum RtShape {
    /// One of the types without parts.
    Plain(Type),
    VectorOf(&'static RtType),
    ListOf(Vec<&'static RtType>),
    Union(Vec<&'static RtType>),
}

impl RtType {
    /// The type, if it is one without parts.
    #[cfg_attr(not(feature = "jit"), allow(dead_code))]
    pub(crate) fn plain(&self) -> Option<&Type> {
        match &self.shape {
            RtShape::Plain(ty) => Some(ty),
            _ => None,
        }
    }
}

/// Makes the types of a module; each may name earlier ones only.
pub(crate) fn link_types(types: &[Type]) -> Result<Vec<&'static RtType>, String> {
    let mut made: Vec<&'static RtType> = Vec::with_capacity(types.len());
    for ty in types {
        let part = |id: &TypeId| {
            made.get(id.0 as usize).copied().ok_or_else(|| "a type names a later one".to_owned())
        };
        let shape = match ty {
            Type::VectorOf(of) => RtShape::VectorOf(part(of)?),
            Type::ListOf(parts) => {
                RtShape::ListOf(parts.iter().map(part).collect::<Result<_, _>>()?)
            }
            Type::Union(parts) => RtShape::Union(parts.iter().map(part).collect::<Result<_, _>>()?),
            plain => RtShape::Plain(plain.clone()),
        };
        let parts: &[&RtType] = match &shape {
            RtShape::Plain(_) => &[],
            RtShape::VectorOf(of) => &[of],
            RtShape::ListOf(parts) | RtShape::Union(parts) => parts,
        };
        let depth = 1 + parts.iter().map(|part| part.depth).max().unwrap_or(0);
        let size = parts.iter().fold(1u32, |sum, part| sum.saturating_add(part.size));
        if depth > MAX_TYPE_DEPTH || size > MAX_TYPE_SIZE {
            return Err("a type is too large".to_owned());
        }
        made.push(Box::leak(Box::new(RtType { shape, depth, size })));
    }
    Ok(made)
}
