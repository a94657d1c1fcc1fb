//! Describing the operations of older APIs, which take the same parameters from several places.

use poem::http::Method;
use poem_openapi::registry::{
    MetaMediaType, MetaOperation, MetaOperationParam, MetaParamIn, MetaRequest, MetaResponse, MetaResponses,
    MetaSchema, MetaSchemaRef, Registry,
};
use serde_json::{Map, Value};

use super::reply::request_id_header;

/// One parameter of an operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    /// `string` or `integer`.
    pub(crate) kind: &'static str,
    pub(crate) required: bool,
    /// The least and the most characters of a text.
    pub(crate) length: Option<(usize, usize)>,
    pub(crate) example: &'static str,
}

impl Parameter {
    fn schema(&self) -> MetaSchema {
        let (min_length, max_length) = self.length.unzip();
        MetaSchema {
            format: (self.kind == "integer").then_some("uint32"),
            min_length,
            max_length,
            example: Some(self.example_value()),
            ..MetaSchema::new(self.kind)
        }
    }

    fn example_value(&self) -> Value {
        match self.example.parse::<u32>() {
            Ok(number) if self.kind == "integer" => number.into(),
            _ => self.example.into(),
        }
    }
}

/// Names a schema for a body with these parameters.
pub(crate) fn register_body(
    registry: &mut Registry,
    name: &'static str,
    description: &'static str,
    parameters: &[Parameter],
) {
    let example: Map<String, Value> =
        parameters.iter().map(|parameter| (parameter.name.to_owned(), parameter.example_value())).collect();
    let property = |parameter: &Parameter| {
        let schema = MetaSchema { description: Some(parameter.description), ..parameter.schema() };
        (parameter.name, MetaSchemaRef::Inline(Box::new(schema)))
    };
    let required = parameters.iter().filter(|parameter| parameter.required);
    let schema = MetaSchema {
        title: Some(name.to_owned()),
        description: Some(description),
        required: required.map(|parameter| parameter.name).collect(),
        properties: parameters.iter().map(property).collect(),
        example: Some(example.into()),
        ..MetaSchema::new("object")
    };
    registry.schemas.insert(name.to_owned(), schema);
}

/// These parameters in the query string.
pub(crate) fn in_query(parameters: &[Parameter]) -> Vec<MetaOperationParam> {
    parameters
        .iter()
        .map(|parameter| MetaOperationParam {
            name: parameter.name.to_owned(),
            schema: MetaSchemaRef::Inline(Box::new(parameter.schema())),
            in_type: MetaParamIn::Query,
            description: Some(parameter.description.to_owned()),
            required: parameter.required,
            deprecated: false,
            explode: true,
            style: None,
        })
        .collect()
}

/// A body with a named schema.
pub(crate) fn body(content_type: &'static str, schema: &'static str) -> MetaRequest {
    MetaRequest {
        description: None,
        content: vec![MetaMediaType { content_type, schema: MetaSchemaRef::Reference(schema.to_owned()) }],
        required: true,
    }
}

/// An operation without parameters and body, whose answers are `success` with its status, and `failure` with all others.
pub(crate) fn operation(
    method: Method,
    id: &'static str,
    tag: &'static str,
    (summary, description): (&'static str, &'static str),
    (status, success): (u16, MetaSchemaRef),
    failure: &MetaSchemaRef,
) -> MetaOperation {
    let answer = |status, status_range: Option<&str>, description, schema| MetaResponse {
        description,
        status,
        status_range: status_range.map(str::to_owned),
        content: vec![MetaMediaType { content_type: "application/json", schema }],
        headers: vec![request_id_header()],
    };
    MetaOperation {
        method,
        tags: vec![tag],
        summary: Some(summary),
        description: Some(description),
        external_docs: None,
        params: Vec::new(),
        request: None,
        responses: MetaResponses {
            responses: vec![
                answer(Some(status), None, "It is done, or valid.", success),
                answer(
                    None,
                    Some("4XX"),
                    "It is refused, or the request is not acceptable.",
                    failure.clone(),
                ),
                answer(None, Some("5XX"), "The server failed. Nothing was changed.", failure.clone()),
            ],
        },
        deprecated: false,
        security: Vec::new(),
        operation_id: Some(id),
        code_samples: Vec::new(),
    }
}
