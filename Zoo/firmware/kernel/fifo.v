// First in, first out, in block RAM; the first is shown while `ready`. Whoever puts has counted the
// places: there is no sign of being full.

`timescale 1 ns / 1 ps
`default_nettype none

module fifo #(
    parameter WIDTH = 32,
    parameter DEPTH = 512              // a power of two
) (
    input  wire             clock,
    input  wire             reset,
    input  wire             put,
    input  wire [WIDTH-1:0] in,
    output reg              ready,
    input  wire             take,
    output reg  [WIDTH-1:0] out
);
    localparam ADDRESS_BITS = $clog2(DEPTH);

    (* ram_style = "block" *)
    reg [WIDTH-1:0] memory [0:DEPTH-1];
    reg [ADDRESS_BITS-1:0] write_at, read_at;
    reg [ADDRESS_BITS:0] held;         // in memory, `out` not among them

    wire fetch = held != 0 && (!ready || take);

    always @(posedge clock) begin
        if (put) memory[write_at] <= in;
        if (fetch) out <= memory[read_at];
    end

    always @(posedge clock) begin
        if (put) write_at <= write_at + 1'b1;
        if (fetch) begin
            read_at <= read_at + 1'b1;
            ready <= 1;
        end else if (take) begin
            ready <= 0;
        end
        held <= held + {{ADDRESS_BITS{1'b0}}, put} - {{ADDRESS_BITS{1'b0}}, fetch};
        if (reset) begin
            write_at <= 0;
            read_at <= 0;
            held <= 0;
            ready <= 0;
        end
    end
endmodule

`default_nettype wire
