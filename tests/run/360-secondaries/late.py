"""late.py VERDICT-TIME MILLISECONDS: lines "SERVER SECONDS" of follow.py; fails when one is later than that after the verdict."""
import datetime
import sys

verdict = datetime.datetime.strptime(sys.argv[1], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=datetime.timezone.utc).timestamp()
late = {}
for line in sys.stdin:
    fields = line.split()
    if len(fields) == 2:
        late[fields[0]] = round((float(fields[1]) - verdict) * 1000)
print("after the verdict, in ms:", late)
sys.exit(len(late) != 3 or max(late.values()) > int(sys.argv[2]))
