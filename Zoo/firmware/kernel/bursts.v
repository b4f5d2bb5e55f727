// Cuts a run's events into bursts: at most LONGEST beats, never across a 4 KiB page (an AXI rule).
// The next burst is shown while `valid`; `next` takes it, and a clock passes before another one.

`timescale 1 ns / 1 ps
`default_nettype none

module bursts #(
    parameter BYTES = 4
) (
    input  wire        clock,
    input  wire        reset,
    input  wire        start,
    input  wire [63:0] address,
    input  wire [31:0] events,
    input  wire        next,
    output reg         valid,
    output reg  [63:0] at,
    output reg  [6:0]  beats
);
    localparam LONGEST = 64;
    localparam SHIFT = $clog2(BYTES);

    reg [31:0] left;
    // Events up to the end of the page.
    wire [12:0] room = (13'd4096 - {1'b0, at[11:0]}) >> SHIFT;
    wire [6:0] most = room < LONGEST ? room[6:0] : LONGEST;

    always @(posedge clock) begin
        if (reset) begin
            valid <= 0;
            left <= 0;
        end else if (start) begin
            valid <= 0;
            at <= address;
            left <= events;
        end else if (valid && next) begin
            valid <= 0;
            at <= at + ({57'b0, beats} << SHIFT);
            left <= left - {25'b0, beats};
        end else if (!valid && left != 0) begin
            valid <= 1;
            beats <= left < {25'b0, most} ? left[6:0] : most;
        end
    end
endmodule

`default_nettype wire
