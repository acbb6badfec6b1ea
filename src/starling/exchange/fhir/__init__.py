"""FHIR R4 (4.0.1), Genomics Reporting STU3 (hl7.fhir.uv.genomics-reporting 3.0.0)."""
