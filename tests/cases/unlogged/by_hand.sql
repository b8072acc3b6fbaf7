alter sequence fleeting_seq set logged;
alter sequence lasting_seq set unlogged;
