//! [`impl_resource`]: what the server calls that of which only a part is read, or all of it.

/// Implements [`kube::Resource`], which is what the server calls a type with `metadata`: its kind, its group and version, and its plural, as in addresses.
macro_rules! impl_resource {
    ($record:ident $(<$set:ident: $bound:path>)?, kind: $kind:expr, api: $api:expr, plural: $plural:expr) => {
        impl $(<$set: $bound>)? kube::Resource for $record $(<$set>)? {
            type DynamicType = ();
            type Scope = kube::core::NamespaceResourceScope;

            fn kind((): &()) -> std::borrow::Cow<'_, str> {
                $kind.into()
            }

            fn group((): &()) -> std::borrow::Cow<'_, str> {
                $api.0.into()
            }

            fn version((): &()) -> std::borrow::Cow<'_, str> {
                $api.1.into()
            }

            fn plural((): &()) -> std::borrow::Cow<'_, str> {
                $plural.into()
            }

            fn meta(&self) -> &k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta {
                &self.metadata
            }

            fn meta_mut(&mut self) -> &mut k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta {
                &mut self.metadata
            }
        }
    };
}

pub(crate) use impl_resource;
