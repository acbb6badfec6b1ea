"""CDS Hooks 2.0: a hook's request is read leniently, its answer is a list of cards.

`reading`: what an EHR sends -> a `HookRequest`.  `medicines`: orders and statements of FHIR -> names this knowledge
base knows.  `cards`: an assessment -> cards.  `actions`: what a card proposes -> resources that can be ordered.
`services`: what is offered, and which data each hook needs.

Source: CDS Hooks 2.0 (HL7), and its hooks patient-view, order-select, order-sign and order-dispatch, each 1.0.
"""
