"""Reads metrics as OpenMetrics has them, strictly: from standard input; says of how many families."""
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

print(len(list(text_string_to_metric_families(sys.stdin.read()))))
