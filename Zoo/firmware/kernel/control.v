// The registers that the host sees over AXI-Lite (ap_ctrl_hs):
//
//     0x00  bit 0 start, 1 done (cleared by reading), 2 idle, 3 ready (as done)
//     0x04  bit 0 interrupts are on      0x08  which: bit 0 done, 1 ready
//     0x0c  which came; written ones are cleared
//     0x10, 0x14  address of the inputs  0x1c, 0x20  address of the outputs
//     0x28  events of a run
//     0x34, 0x38  clocks from start to done of all finished runs since reset (low, high; read only)
//     0x3c  bad answers of the memory since reset, of all runs (read only; wraps)

`timescale 1 ns / 1 ps
`default_nettype none

module control (
    input  wire        clock,
    input  wire        reset,
    output wire        interrupt,

    input  wire [11:0] awaddr,
    input  wire        awvalid,
    output wire        awready,
    input  wire [31:0] wdata,
    input  wire [3:0]  wstrb,
    input  wire        wvalid,
    output wire        wready,
    output wire [1:0]  bresp,
    output reg         bvalid,
    input  wire        bready,
    input  wire [11:0] araddr,
    input  wire        arvalid,
    output wire        arready,
    output reg  [31:0] rdata,
    output wire [1:0]  rresp,
    output reg         rvalid,
    input  wire        rready,

    output reg         start,          // one clock
    input  wire        finish,         // one clock
    output reg  [63:0] input_address,
    output reg  [63:0] output_address,
    output reg  [31:0] events,
    input  wire        read_error,     // one clock an error
    input  wire        write_error
);
    localparam CONTROL = 12'h000, GLOBAL_ENABLE = 12'h004, ENABLE = 12'h008, STATUS = 12'h00c;
    localparam INPUT_LOW = 12'h010, INPUT_HIGH = 12'h014;
    localparam OUTPUT_LOW = 12'h01c, OUTPUT_HIGH = 12'h020, EVENTS = 12'h028;
    localparam CLOCKS_LOW = 12'h034, CLOCKS_HIGH = 12'h038, ERRORS = 12'h03c;

    reg        running, done, ready, global_enable;
    reg [1:0]  enable, status;
    reg [63:0] counter, clocks;
    reg [31:0] errors;

    // A write is taken when address and data are both there and the last answer is gone.
    wire write = awvalid && wvalid && !bvalid;
    wire read = arvalid && !rvalid;
    wire [11:0] write_at = {awaddr[11:2], 2'b00};
    wire [11:0] read_at = {araddr[11:2], 2'b00};
    wire control_read = read && read_at == CONTROL;

    assign awready = write;
    assign wready = write;
    assign arready = read;
    assign bresp = 2'b00;
    assign rresp = 2'b00;
    assign interrupt = global_enable && status != 0;

    // A register of which the bytes that wstrb lets through are new.
    wire [31:0] mask = {{8{wstrb[3]}}, {8{wstrb[2]}}, {8{wstrb[1]}}, {8{wstrb[0]}}};
    function [31:0] merged(input [31:0] old, input [31:0] new_word, input [31:0] mask_word);
        merged = (old & ~mask_word) | (new_word & mask_word);
    endfunction

    always @(posedge clock) begin
        start <= 0;
        if (bvalid && bready) bvalid <= 0;
        if (rvalid && rready) rvalid <= 0;
        if (running) counter <= counter + 1;
        errors <= errors + {31'b0, read_error} + {31'b0, write_error};

        if (write) begin
            bvalid <= 1;
            case (write_at)
                CONTROL: if (wstrb[0] && wdata[0] && !running) begin
                    start <= 1;
                    running <= 1;
                    counter <= 1;
                end
                GLOBAL_ENABLE: if (wstrb[0]) global_enable <= wdata[0];
                ENABLE: if (wstrb[0]) enable <= wdata[1:0];
                STATUS: if (wstrb[0]) status <= status & ~wdata[1:0];
                INPUT_LOW: input_address[31:0] <= merged(input_address[31:0], wdata, mask);
                INPUT_HIGH: input_address[63:32] <= merged(input_address[63:32], wdata, mask);
                OUTPUT_LOW: output_address[31:0] <= merged(output_address[31:0], wdata, mask);
                OUTPUT_HIGH: output_address[63:32] <= merged(output_address[63:32], wdata, mask);
                EVENTS: events <= merged(events, wdata, mask);
                default: ;
            endcase
        end

        if (read) begin
            rvalid <= 1;
            case (read_at)
                CONTROL: rdata <= {28'b0, ready, !running, done, running};
                GLOBAL_ENABLE: rdata <= {31'b0, global_enable};
                ENABLE: rdata <= {30'b0, enable};
                STATUS: rdata <= {30'b0, status};
                INPUT_LOW: rdata <= input_address[31:0];
                INPUT_HIGH: rdata <= input_address[63:32];
                OUTPUT_LOW: rdata <= output_address[31:0];
                OUTPUT_HIGH: rdata <= output_address[63:32];
                EVENTS: rdata <= events;
                CLOCKS_LOW: rdata <= clocks[31:0];
                CLOCKS_HIGH: rdata <= clocks[63:32];
                ERRORS: rdata <= errors;
                default: rdata <= 0;
            endcase
        end
        if (control_read) begin
            done <= 0;
            ready <= 0;
        end

        if (finish) begin
            running <= 0;
            done <= 1;
            ready <= 1;
            clocks <= clocks + counter;
            status <= status | enable;
        end

        if (reset) begin
            start <= 0;
            running <= 0;
            done <= 0;
            ready <= 0;
            global_enable <= 0;
            enable <= 0;
            status <= 0;
            bvalid <= 0;
            rvalid <= 0;
            input_address <= 0;
            output_address <= 0;
            events <= 0;
            counter <= 0;
            clocks <= 0;
            errors <= 0;
        end
    end
endmodule

`default_nettype wire
