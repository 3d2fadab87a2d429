"""A simulator of a Salesforce org over the generated world: REST, Bulk API 2.0, composite collections, Tooling."""
