// Writes results in bursts. A burst is announced only when all of its results are there, so that
// the bus never waits for the pipeline; announcing goes ahead of sending by some bursts.

`timescale 1 ns / 1 ps
`default_nettype none

module writer #(
    parameter BYTES = 4,
    parameter MAXIMUM_WAITING = 512
) (
    input  wire        clock,
    input  wire        reset,
    input  wire        start,
    input  wire [63:0] address,
    input  wire [31:0] events,
    input  wire        arrived,      // one clock a result
    input  wire        ready,        // a result can be sent
    output wire        take,

    output reg  [63:0] awaddr,
    output reg  [7:0]  awlen,
    output reg         awvalid,
    input  wire        awready,
    output wire        wlast,
    output wire        wvalid,
    input  wire        wready,
    input  wire [1:0]  bresp,
    input  wire        bvalid,
    output wire        bready,

    output wire        finish,       // one clock
    output wire        error
);
    localparam WAITING_BITS = $clog2(MAXIMUM_WAITING + 1);
    // Bursts announced whose answer is not back yet.
    localparam MAXIMUM_UNANSWERED = 16;

    reg running;
    reg [31:0] unsent;
    reg [WAITING_BITS-1:0] waiting;  // results that belong to no announced burst
    reg [4:0] unanswered;
    reg [4:0] announced;             // bursts announced and not begun to be sent
    reg [6:0] sending;               // beats left of the burst being sent

    wire ahead_valid, behind_valid;
    wire [63:0] ahead_at;
    wire [6:0] ahead_beats, behind_beats;
    wire [WAITING_BITS-1:0] wanted = {{(WAITING_BITS-7){1'b0}}, ahead_beats};
    wire announce = ahead_valid && !awvalid && waiting >= wanted
        && unanswered < MAXIMUM_UNANSWERED;
    wire accepted = awvalid && awready;
    wire sent = wvalid && wready;
    wire begin_burst = behind_valid && announced != 0 && (sending == 0 || (sending == 1 && sent));
    wire answered = bvalid;

    // The same bursts twice: as they are announced, and as they are sent.
    bursts #(.BYTES(BYTES)) ahead (
        .clock(clock), .reset(reset), .start(start), .address(address), .events(events),
        .next(announce), .valid(ahead_valid), .at(ahead_at), .beats(ahead_beats)
    );
    bursts #(.BYTES(BYTES)) behind (
        .clock(clock), .reset(reset), .start(start), .address(address), .events(events),
        .next(begin_burst), .valid(behind_valid), .at(), .beats(behind_beats)
    );

    assign wvalid = sending != 0 && ready;
    assign wlast = sending == 1;
    assign take = sent;
    assign bready = 1;
    assign error = bvalid && bresp[1];
    assign finish = running && unsent == 0 && unanswered == 0;

    always @(posedge clock) begin
        if (accepted) awvalid <= 0;
        if (announce) begin
            awvalid <= 1;
            awaddr <= ahead_at;
            awlen <= {1'b0, ahead_beats} - 8'd1;
        end
        waiting <= waiting + {{(WAITING_BITS-1){1'b0}}, arrived} - (announce ? wanted : 0);
        unanswered <= unanswered + {4'b0, announce} - {4'b0, answered};
        announced <= announced + {4'b0, accepted} - {4'b0, begin_burst};
        if (begin_burst) sending <= behind_beats;
        else if (sent) sending <= sending - 7'd1;
        if (sent) unsent <= unsent - 1;
        if (start) begin
            running <= 1;
            unsent <= events;
        end else if (finish) begin
            running <= 0;
        end
        if (reset) begin
            awvalid <= 0;
            running <= 0;
            unsent <= 0;
            waiting <= 0;
            unanswered <= 0;
            announced <= 0;
            sending <= 0;
        end
    end
endmodule

`default_nettype wire
