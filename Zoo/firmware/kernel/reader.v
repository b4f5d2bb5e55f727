// Reads events in bursts. A burst is asked for only when every event of it has a place to end in
// (a credit, that comes back when its results leave), so what memory sends is always taken.

`timescale 1 ns / 1 ps
`default_nettype none

module reader #(
    parameter BYTES = 4,
    parameter CREDITS = 512
) (
    input  wire               clock,
    input  wire               reset,
    input  wire               start,
    input  wire [63:0]        address,
    input  wire [31:0]        events,
    input  wire               returned,     // one clock a credit

    output reg  [63:0]        araddr,
    output reg  [7:0]         arlen,
    output reg                arvalid,
    input  wire               arready,
    input  wire [BYTES*8-1:0] rdata,
    input  wire [1:0]         rresp,
    input  wire               rvalid,
    output wire               rready,

    output wire               event_valid,
    output wire [BYTES*8-1:0] event_words,
    output wire               error
);
    localparam CREDIT_BITS = $clog2(CREDITS + 1);

    reg [CREDIT_BITS-1:0] credits;
    wire burst_valid;
    wire [63:0] burst_at;
    wire [6:0] burst_beats;
    wire [CREDIT_BITS-1:0] wanted = {{(CREDIT_BITS-7){1'b0}}, burst_beats};
    wire ask = burst_valid && !arvalid && credits >= wanted;

    bursts #(.BYTES(BYTES)) bursts (
        .clock(clock), .reset(reset), .start(start), .address(address), .events(events),
        .next(ask), .valid(burst_valid), .at(burst_at), .beats(burst_beats)
    );

    assign rready = 1;
    assign event_valid = rvalid;
    assign event_words = rdata;
    // An event that could not be read still goes through, so that the run ends.
    assign error = rvalid && rresp[1];

    always @(posedge clock) begin
        if (arvalid && arready) arvalid <= 0;
        if (ask) begin
            arvalid <= 1;
            araddr <= burst_at;
            arlen <= {1'b0, burst_beats} - 8'd1;
        end
        credits <= credits - (ask ? wanted : 0) + {{(CREDIT_BITS-1){1'b0}}, returned};
        if (reset) begin
            arvalid <= 0;
            credits <= CREDITS;
        end
    end
endmodule

`default_nettype wire
