#!/usr/bin/env python3
"""A reward server in OpenRLHF's protocol. In a recipe:  rewards: [{ url: http://127.0.0.1:5000/get_reward }]

    ./reward_server.py [PORT]
"""
import http.server
import json
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        rewards = [float(query.removeprefix(prompt).strip() == label)
                   for query, prompt, label in
                   zip(request["query"], request["prompts"], request["labels"])]
        body = json.dumps({"rewards": rewards, "scores": rewards,
                           "extra_logs": {"right": rewards}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


port = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
