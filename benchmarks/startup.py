"""`meshsight --help` beside an empty Python program: how long a user waits for the first word.

Whole processes take turns; medians by the clock, with the processor time beside it.
"""

import statistics
import subprocess
import sys

from measuring import Target, arguments, report, take_turns

TARGETS = (Target(figure="help_s", limit=0.5),)


def main() -> int:
    """Measures and prints."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--rounds", type=int, default=10, help="starts of either program")
    options = parser.parse_args()
    calls = (["-m", "meshsight.cli", "--help"], ["-c", "pass"])
    starts = [
        lambda call=call: subprocess.run([sys.executable, *call], stdout=subprocess.DEVNULL, check=True)
        for call in calls
    ]
    rows = take_turns(options.rounds, *starts)
    helps, passes = ([row[side] for row in rows] for side in range(2))
    found = {
        "help_s": statistics.median(cost.wall_s for cost in helps),
        "help_cpu_s": statistics.median(cost.cpu_s for cost in helps),
        "empty_program_s": statistics.median(cost.wall_s for cost in passes),
        "empty_program_cpu_s": statistics.median(cost.cpu_s for cost in passes),
    }
    return report("meshsight --help beside python -c pass", found, TARGETS, options.json)


if __name__ == "__main__":
    raise SystemExit(main())
