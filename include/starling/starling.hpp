// Starling: nodes that share state, hand out work and agree, with no server in the middle.
//
//     #include <starling/starling.hpp>
//
//     auto node = starling::Node::open({.data_dir = "/var/lib/picker", .mesh_file = "mesh.json"});
//     if (!node) return fail(node.error().message);
//     auto members = node->members().wait();
//
// Link with starling::starling.  Only the standard library and tl/expected.hpp are needed besides.
#pragma once

#include <starling/agent.hpp>
#include <starling/cassette.hpp>
#include <starling/decision.hpp>
#include <starling/error.hpp>
#include <starling/export.hpp>
#include <starling/member.hpp>
#include <starling/mesh.hpp>
#include <starling/node.hpp>
#include <starling/options.hpp>
#include <starling/pending.hpp>
#include <starling/register.hpp>
#include <starling/run_agent.hpp>
#include <starling/state.hpp>
#include <starling/status.hpp>
#include <starling/task.hpp>
#include <starling/value.hpp>
#include <starling/version.hpp>
