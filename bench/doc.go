// Command bench measures Brownout on the machine it runs on, and prints one
// table in Markdown: what each part of the chain carries beside a bare handler
// in the same run, the full chain's highest steady rate, and what the journal,
// the score, the screen and a million requests cost.
//
// Flags flow in; measurements flow out. It measures and never judges: what the
// figures should be is in the table, and no figure fails a build.
package main
