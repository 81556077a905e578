// Command bench measures Brownout on the machine it runs on, and prints one
// page in Markdown: what each part of the chain carries beside a bare handler,
// and beside Portkey's gateway, in the same run; the full chain's highest steady
// rate; and what the journal, the score, the screen and many requests cost.
//
// Flags flow in; measurements flow out. It sets each figure beside what it
// should be, but no figure fails a build.
package main
