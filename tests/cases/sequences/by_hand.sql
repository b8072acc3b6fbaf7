alter sequence plain_seq increment by 2;
alter sequence ticket_number_seq cache 1;
alter sequence backwards_seq owned by tickets.back;
comment on sequence plain_seq is 'by hand';
alter sequence "Mixed Case" rename to mixed_case;
drop sequence plain_seq;
