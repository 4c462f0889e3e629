import Tabular
import Testing
