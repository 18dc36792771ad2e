"""`python -m tests.torture`: what an index must survive, by the thousand. Each module without an underscore is a part:
`run(settings, outcome)`. The figures of the full run stand in docs/RESILIENCE.md."""
