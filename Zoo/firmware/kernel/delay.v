// A bit, some clocks later: says which of the pipeline's results are results.

`timescale 1 ns / 1 ps
`default_nettype none

module delay #(
    parameter CLOCKS = 1
) (
    input  wire clock,
    input  wire reset,
    input  wire in,
    output wire out
);
    reg [CLOCKS:0] line;

    assign out = line[CLOCKS-1];

    always @(posedge clock) begin
        line <= reset ? 0 : {line[CLOCKS-1:0], in};
    end
endmodule

`default_nettype wire
